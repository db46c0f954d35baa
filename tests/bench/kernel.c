/* The kernel that the benchmark boots with our loader: tells, in one line on port E9, when its first instruction ran and
 * what the boot info's timeline says, and ends the machine. */
#include <stagecoach/boot.h>
#include <stagecoach/debug.h>

BOOT_CONFIG(.physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

#ifdef BENCH_PAYLOAD
__asm__(".section .rodata\n.balign 4096\n.globl bench_payload\nbench_payload:\n.incbin \"" BENCH_PAYLOAD "\"\n.previous");
extern const char bench_payload[];
#endif

static uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void print(const char *text)
{
    while (*text != '\0')
        boot_outb(BOOT_PORT_E9, (uint8_t)*text++);
}

static void print_number(uint64_t value)
{
    char digits[24];
    unsigned at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(" ");
    print(digits + at);
}

static void kernel_main(struct boot_info *info)
{
    uint64_t start = tsc();
#ifdef BENCH_PAYLOAD
    __asm__ volatile("" : : "r"(bench_payload));
#endif
    print("\nBENCH kernel");
    print_number(start);
    print("\n");
    for (uint64_t i = 0; i < info->timeline_count; i++) {
        const struct boot_event *event = &info->timeline[i];
        print("BENCH event");
        print_number(event->phase);
        print_number(event->tsc);
        print_number(event->firmware_calls);
        print_number(event->bytes_read);
        print("\n");
    }
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
