/* The kernel that the benchmark boots: tells on port E9 when its first instruction ran, what the boot info's timeline says
 * and how many page tables there are, and ends the machine.
 *
 *   BENCH kernel TSC
 *   BENCH event PHASE TSC FIRMWARE-CALLS BYTES-READ     each event of the timeline
 *   BENCH tables COUNT
 *
 * BENCH_PAYLOAD: a file that makes the kernel as large as is wanted. */
#include <stagecoach/boot.h>
#include <stagecoach/debug.h>

BOOT_CONFIG(.physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

#ifdef BENCH_PAYLOAD
__asm__(".section .rodata\n.balign 4096\nbench_payload:\n.incbin \"" BENCH_PAYLOAD "\"\n.previous");
extern const char bench_payload[] __attribute__((visibility("hidden")));
#endif

#define ENTRIES 512u
#define PRESENT 1ull
#define LARGE 0x80ull
#define ADDRESS 0x000ffffffffff000ull

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

/* Of the table at `phys`, itself and all below it. */
static uint64_t count_tables(const struct boot_info *info, uint64_t phys, unsigned level)
{
    const uint64_t *entries = (const uint64_t *)(info->physical_memory + phys);
    uint64_t count = 1;
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++)
        if ((entries[i] & PRESENT) != 0 && (entries[i] & LARGE) == 0)
            count += count_tables(info, entries[i] & ADDRESS, level - 1);
    return count;
}

static void kernel_main(struct boot_info *info)
{
    uint64_t start = tsc();
#ifdef BENCH_PAYLOAD
    __asm__ volatile("" : : "r"(bench_payload));
#endif
    print("\nBENCH kernel");
    print_number(start);
    for (uint64_t i = 0; i < info->timeline_count; i++) {
        const struct boot_event *event = &info->timeline[i];
        print("\nBENCH event");
        print_number(event->phase);
        print_number(event->tsc);
        print_number(event->firmware_calls);
        print_number(event->bytes_read);
    }
    print("\nBENCH tables");
    print_number(count_tables(info, info->page_table_phys, 4));
    print("\nBOOT-OK bench\n");
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
