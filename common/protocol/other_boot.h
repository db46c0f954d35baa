/* Kernels that get no address space from the loader leave the flow of common/boot.c after their headers were read: what
 * it has found out by then, and the steps that they take instead. */
#ifndef STAGECOACH_PROTOCOL_OTHER_BOOT_H
#define STAGECOACH_PROTOCOL_OTHER_BOOT_H

#include "boot_file.h"
#include "config.h"
#include "frames.h"
#include "kernel_plan.h"
#include "paging.h"
#include "payload.h"

struct other_boot {
    const struct kernel_plan *kernel;
    const struct config *config;
    struct boot_file *file;
    struct payloads *payloads;
    struct frames *frames;
    const struct boot_framebuffer *framebuffer; /* size 0: none */
    const struct paging_features *features;
};

/* `with` outlives the boot. */
void other_boot_start(const struct other_boot *with);

enum status linux_load_step(struct error *error);
enum status linux_prepare_step(struct error *error);
enum status linux_leave_step(struct error *error);
enum status multiboot_load_step(struct error *error);
enum status multiboot_prepare_step(struct error *error);
enum status multiboot_leave_step(struct error *error);
enum status program_start_step(struct error *error);

#endif
