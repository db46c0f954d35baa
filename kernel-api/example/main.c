/* SPDX-License-Identifier: MIT
 *
 * The example kernel: draws a picture, tells what it was given, ends QEMU with success. */
#include "picture.h"
#include "report.h"

#include <stagecoach/boot.h>
#include <stagecoach/functions.h>
#include <stagecoach/print.h>

BOOT_CONFIG(.kernel_stack_size = 64 * 1024, .physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

static void kernel_main(struct boot_info *info)
{
    if (info->magic != BOOT_INFO_MAGIC) {
        boot_print("example kernel: not started by a loader that speaks the Stagecoach protocol\n");
        boot_debug_exit(BOOT_EXIT_FAILURE);
    }
    report_boot_info(info);
    if (info->framebuffer.address != NULL)
        picture_draw(info);
    boot_print("example kernel: done\n");
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
