/* The least that a kernel can be: no wishes, no library, no linker script. */
#include <stagecoach/boot.h>
#include <stagecoach/debug.h>

BOOT_CONFIG();
BOOT_ENTRY(kernel_main);

static void kernel_main(struct boot_info *info)
{
    const int sound = info->magic == BOOT_INFO_MAGIC && info->size >= sizeof(*info);
    boot_debug_puts(sound ? "BOOT-OK smoke\n" : "BOOT-BAD smoke: no boot info\n");
    boot_debug_exit(sound ? BOOT_EXIT_SUCCESS : BOOT_EXIT_FAILURE);
}
