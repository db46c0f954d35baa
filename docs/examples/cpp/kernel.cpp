// A kernel in C++20: counts its memory, says so on COM1, and ends QEMU with success.
#include <stagecoach/boot.h>
#include <stagecoach/print.h>

#include <span>

BOOT_CONFIG(.kernel_stack_size = 64 * 1024);
BOOT_ENTRY(kernel_main);

static void kernel_main(boot_info *info)
{
    uint64_t usable = 0;
    for (const auto &region : std::span(info->memory_map, info->memory_map_count))
        if (region.type == BOOT_MEMORY_USABLE)
            usable += region.size;
    boot_print("hello from C++: %lu MiB are free\n", usable >> 20);
    boot_debug_exit(usable != 0 ? BOOT_EXIT_SUCCESS : BOOT_EXIT_FAILURE);
}
