/* Does everything to a kernel that the loaders do before they leave the firmware, with the loaders' own code. */
#ifndef STAGECOACH_IMGTOOL_KERNEL_CHECK_H
#define STAGECOACH_IMGTOOL_KERNEL_CHECK_H

#include "config.h"
#include "host_file.h"

struct kernel_check {
    const struct host_file *kernel;
    const struct config *config; /* modules, video */
    uint64_t ramdisk_size;       /* 0: none */
    uint64_t module_sizes[CONFIG_MODULES_MAX];
};

/* EXIT_INPUT_REJECTED if a loader would refuse the kernel on any machine. */
enum exit_code kernel_check(const struct kernel_check *check);

#endif
