/* Kernels whose wishes can't be granted: imgtool and both loaders refuse them; none ever runs. */
#include <stagecoach/boot.h>
#include <stagecoach/debug.h>

#if defined(REFUSED_STACK_COLLISION)
BOOT_CONFIG(.kernel_stack = 0xffffa00000000000, .boot_info = 0xffffa00000001000);
#elif defined(REFUSED_WINDOW_MISALIGNED)
BOOT_CONFIG(.physical_memory = 0xffffa00000001000);
#elif defined(REFUSED_STACK_TOO_BIG)
BOOT_CONFIG(.kernel_stack_size = (1ull << 30) + 1);
#elif defined(REFUSED_NONCANONICAL)
BOOT_CONFIG(.kernel_stack = 0x0000800000000000);
#elif defined(REFUSED_UNKNOWN_FLAG)
BOOT_CONFIG(.flags = 1ull << 63);
#elif defined(REFUSED_BOOT_INFO_NOWHERE)
BOOT_CONFIG(.boot_info = BOOT_NOWHERE);
#endif
BOOT_ENTRY(kernel_main);

static void kernel_main(struct boot_info *info)
{
    (void)info;
    boot_debug_puts("BOOT-BAD refused: this kernel must not run\n");
    boot_debug_exit(BOOT_EXIT_FAILURE);
}
