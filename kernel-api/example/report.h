/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_REPORT_H
#define EXAMPLE_REPORT_H

#include <stagecoach/boot.h>

/* Prints every field of the boot info on COM1 and port E9. */
void report_boot_info(const struct boot_info *info);

#endif
