/* Linked with all sections in one writable and executable segment. Runs only if BOOT_CONFIG asks for that. */
#include <stagecoach/boot.h>
#include <stagecoach/debug.h>

#ifdef TEST_ALLOW_WX
BOOT_CONFIG(.flags = BOOT_CONFIG_ALLOW_WX);
#else
BOOT_CONFIG();
#endif
BOOT_ENTRY(kernel_main);

static volatile uint8_t code[16];

static void kernel_main(struct boot_info *info)
{
    (void)info;
    const uint8_t return_42[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    for (unsigned i = 0; i < sizeof(return_42); i++)
        code[i] = return_42[i];
    uint32_t result = 0;
    __asm__ volatile("call *%1" : "=a"(result) : "r"(code) : "memory");
    boot_debug_puts(result == 42 ? "BOOT-OK wx\n" : "BOOT-BAD wx: the code that was written did not run\n");
    boot_debug_exit(result == 42 ? BOOT_EXIT_SUCCESS : BOOT_EXIT_FAILURE);
}
