/* Does everything to a kernel that the loaders do before they leave the firmware, with the loaders' own code. */
#ifndef STAGECOACH_IMGTOOL_KERNEL_CHECK_H
#define STAGECOACH_IMGTOOL_KERNEL_CHECK_H

#include "config.h"
#include "host_file.h"
#include "kernel_plan.h"

struct kernel_check {
    const struct host_file *kernel;  /* for kernel_check() only */
    const struct config *config;     /* modules, video */
    bool without_bios, without_uefi; /* that firmware won't boot it */
    uint64_t ramdisk_size;           /* 0: none */
    uint64_t module_sizes[CONFIG_MODULES_MAX];
};

/* EXIT_INPUT_REJECTED if a loader would refuse the kernel on any machine. */
enum exit_code kernel_check(const struct kernel_check *check);

/* How much of the file, from its start on, a boot reads of a kernel that passed; symbols, if it wants them, apart. */
uint64_t kernel_check_head(const struct host_file *kernel);

/* The same for a kernel from anywhere, without words for the user; *plan is filled in. */
enum status kernel_check_source(const struct kernel_check *check, const struct file_source *source,
                                struct kernel_plan *plan, struct error *error);

/* Only what the headers say, and how many relocations there are. */
enum status kernel_check_count(const struct host_file *kernel, struct kernel_plan *plan, uint64_t *relocations,
                               struct error *error);

#endif
