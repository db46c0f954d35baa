/* A machine inside imgtool for the loader to run on: implements common/firmware.h, cpu.h, serial.h and the jump of
 * handoff.h on memory that is reserved but not taken, so that common/boot.c itself tells what it will do. */
#ifndef STAGECOACH_IMGTOOL_SIM_MACHINE_H
#define STAGECOACH_IMGTOOL_SIM_MACHINE_H

#include "firmware.h"
#include "handoff.h"
#include "host_file.h"
#include "protocol/linux_boot.h"
#include "protocol/multiboot_boot.h"
#include "span.h"

#define SIM_REGIONS_MAX 512u

struct sim_file { /* one that the loader finds */
    const char *path;
    const struct host_file *file; /* NULL: `text` */
    struct span text;
};
#define SIM_FILES_MAX 3u

struct sim_machine {
    /* What the machine is: set by the caller. */
    bool uefi;
    struct boot_memory_region regions[SIM_REGIONS_MAX]; /* as firmware says it */
    size_t region_count;
    uint32_t width, height; /* of the display; 0: none */
    uint64_t framebuffer_phys;
    uint32_t pitch; /* bytes */
    struct paging_features features;
    struct sim_file files[SIM_FILES_MAX];
    size_t file_count;

    /* What happened. */
    enum kernel_way way;
    struct handoff handoff;         /* KERNEL_BY_PLAN */
    struct linux_entry linux_entry; /* KERNEL_BY_LINUX */
    struct multiboot_entry multiboot_entry;
    uint64_t claimed; /* bytes of memory that the loader took, for a while or for good */
};

/* Runs the loader up to its jump into the kernel. STATUS_OK: machine->handoff holds what it would jump with. Once per
 * process. */
enum status sim_machine_boot(struct sim_machine *machine, struct error *error);

/* The machine's memory, as the kernel would find it; NULL: not memory of it. */
const void *sim_memory(uint64_t phys, uint64_t size);

/* Memory of `bytes` as QEMU's machines have it. */
void sim_machine_usual_memory(struct sim_machine *machine, uint64_t bytes);

#endif
