/* A kernel: colours the screen, says hello on COM1, and ends QEMU with success. */
#include <stagecoach/boot.h>
#include <stagecoach/print.h>

BOOT_CONFIG(.kernel_stack_size = 64 * 1024, .physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

static void kernel_main(struct boot_info *info)
{
    for (uint64_t i = 0; i < info->framebuffer.size; i++)
        info->framebuffer.address[i] = (uint8_t)i;
    boot_print("hello from C: %lu memory regions\n", info->memory_map_count);
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
