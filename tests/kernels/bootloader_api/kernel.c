/* A kernel that knows nothing of Stagecoach: it speaks the binary interface of bootloader_api 0.11.x and checks every field
 * of BootInfo at its measured offset, and the machine at entry. Ends like the other test kernels: BOOT-OK or BOOT-BAD on
 * COM1 and port E9, 0x10 or 0x11 to port 0xf4.
 *
 * API_* say what the configuration asked for, so what must come back. */
#include <stagecoach/functions.h>
#include <stagecoach/print.h>

#include <stdbool.h>
#include <stddef.h>

#define PAGE 4096ull
#define SOME 0u /* Optional<T>: Some is 0, None is 1 */
#define NONE 1u

enum { USABLE, BOOTLOADER, UNKNOWN_UEFI, UNKNOWN_BIOS };
enum { RGB, BGR, U8, UNKNOWN };

struct region {
    uint64_t start, end;
    uint32_t kind, value;
};

/* What the entry code in entry.S kept. */
struct entry_state {
    uint64_t rdi, rsp, rbp, return_address, rflags, cr0, cr4, cs, ss, rip;
};

void kernel_main(const struct entry_state *entry);

static const uint8_t *info;
static uint64_t digest = 0xcbf29ce484222325;

__attribute__((noreturn)) static void bad(const char *what, uint64_t found, uint64_t wanted)
{
    boot_print("BOOT-BAD %s: 0x%lx 0x%lx\n", what, found, wanted);
    boot_debug_exit(BOOT_EXIT_FAILURE);
}

static void equal(const char *what, uint64_t found, uint64_t wanted)
{
    if (found != wanted)
        bad(what, found, wanted);
}

static void holds(const char *what, bool condition)
{
    equal(what, condition, true);
}

static uint64_t u64(size_t offset)
{
    uint64_t value;
    __builtin_memcpy(&value, info + offset, sizeof value);
    return value;
}

static uint32_t u32(size_t offset)
{
    return (uint32_t)u64(offset);
}

static void add_to_digest(uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        digest = (digest ^ (value & 0xff)) * 0x100000001b3;
}

static uint8_t *window(uint64_t phys)
{
    return (uint8_t *)(u64(96) + phys);
}

/* --- the machine ------------------------------------------------------------------------------------------------- */

static void check_entry(const struct entry_state *entry)
{
    equal("RSP modulo 16", entry->rsp % 16, 8);
    equal("RBP", entry->rbp, 0);
    equal("return address", entry->return_address, 0);
    equal("IF and DF", entry->rflags & 0x600, 0);
    equal("CS", entry->cs, 8);
    equal("SS", entry->ss, 0x10);
    equal("CR0.WP", entry->cr0 >> 16 & 1, 1);
    equal("CR4.OSFXSR", entry->cr4 >> 9 & 1, 1);
    equal("alignment of BootInfo", entry->rdi % 8, 0);
#ifdef API_BASE
    holds("RIP is where the kernel was asked to lie", entry->rip >= API_BASE && entry->rip - API_BASE < 1 << 20);
#endif
#ifdef API_HIGHER_HALF
    holds("RIP is in the upper half", entry->rip >> 47 == 0x1ffff);
    holds("BootInfo is in the upper half", entry->rdi >> 47 == 0x1ffff);
    holds("the stack is in the upper half", entry->rsp >> 47 == 0x1ffff);
#endif
#ifdef API_BOOT_INFO
    equal("fixed BootInfo", entry->rdi, API_BOOT_INFO);
#endif
}

/* --- BootInfo ---------------------------------------------------------------------------------------------------- */

static void check_version(void)
{
    equal("version", u64(0), 11ull << 16 | (uint64_t)API_PATCH << 32);
}

static void check_memory_map(void)
{
    const struct region *regions = (const struct region *)u64(8);
    uint64_t count = u64(16), low_pages = 0, end = 0;
    holds("more than 4 regions", count > 4);
    for (uint64_t i = 0; i < count; i++) {
        holds("regions are sorted and disjoint", regions[i].start >= end && regions[i].start < regions[i].end);
        holds("kind of region", regions[i].kind <= UNKNOWN_BIOS);
        end = regions[i].end;
        if (regions[i].kind == USABLE) {
            equal("usable regions are whole pages", (regions[i].start | regions[i].end) % PAGE, 0);
            if (end <= 1 << 20)
                low_pages += (end - regions[i].start) / PAGE;
        }
    }
    holds("usable pages below 1 MiB", low_pages > 16);
}

static uint32_t kind_at(uint64_t phys)
{
    const struct region *regions = (const struct region *)u64(8);
    for (uint64_t i = 0; i < u64(16); i++)
        if (phys >= regions[i].start && phys < regions[i].end)
            return regions[i].kind;
    return UNKNOWN_BIOS + 1;
}

static void check_framebuffer(void)
{
    uint64_t start = u64(32), size = u64(40), width = u64(48), height = u64(56), bytes = u64(72), stride = u64(80);
    holds("framebuffer tag", u32(24) <= NONE);
    if (u32(24) == NONE)
        return;
    equal("framebuffer size", size, stride * height * bytes);
    holds("stride", stride >= width);
    holds("bytes per pixel", bytes == 3 || bytes == 4);
    holds("pixel format", u32(64) == BGR || u32(64) == RGB);
#ifdef API_FRAMEBUFFER
    equal("fixed framebuffer", start & ~(PAGE - 1), API_FRAMEBUFFER);
#endif
#ifdef API_MINIMUM_WIDTH
    holds("minimum width", width >= API_MINIMUM_WIDTH && height >= API_MINIMUM_HEIGHT);
#endif
    volatile uint8_t *pixels = (volatile uint8_t *)start;
    pixels[0] = 0x5a;
    pixels[size - 1] = 0xa5;
    equal("first byte of the framebuffer", pixels[0], 0x5a);
    equal("last byte of the framebuffer", pixels[size - 1], 0xa5);
}

static void check_window(void)
{
#ifdef API_WINDOW
    equal("physical memory tag", u32(88), SOME);
    if (API_WINDOW != 0)
        equal("physical memory offset", u64(96), API_WINDOW);
    holds("RSDP signature", __builtin_memcmp(window(u64(120)), "RSD PTR ", 8) == 0);
#else
    equal("physical memory tag", u32(88), NONE);
#endif
}

static void check_recursive(void)
{
#ifdef API_RECURSIVE
    equal("recursive index tag", u32(104), SOME);
    uint64_t index = u64(108) & 0xffff, root;
    if (API_RECURSIVE != 0)
        equal("recursive index", index, API_RECURSIVE);
    __asm__("mov %%cr3, %0" : "=r"(root));
    uint64_t entry = ((index >= 256 ? 0xffffull << 48 : 0) | index << 39 | index << 30 | index << 21 | index << 12) + index * 8;
    equal("recursive entry", *(const volatile uint64_t *)entry & 0xffffffffff000, root & 0xffffffffff000);
#else
    equal("recursive index tag", u32(104), NONE);
#endif
}

static void check_tables_and_tls(void)
{
    equal("RSDP tag", u32(112), SOME);
    holds("RSDP address", u64(120) > 0xe0000 || u64(120) < 0xa0000);
    equal("TLS tag", u32(128), NONE);
}

#ifdef API_WINDOW
/* The lowest page table entry of an address. */
static uint64_t entry_of(uint64_t address)
{
    uint64_t entry;
    __asm__("mov %%cr3, %0" : "=r"(entry));
    for (int level = 3; level >= 0; level--) {
        uint64_t index = address >> (12 + 9 * level) & 511;
        __builtin_memcpy(&entry, window(entry & 0xffffffffff000) + index * 8, sizeof entry);
        holds("a page of the ramdisk is present", entry & 1);
        if (level > 0 && (entry & 0x80))
            return entry + (address & ((1ull << (12 + 9 * level)) - 1) & ~(PAGE - 1));
    }
    return entry;
}
#endif

/* Every page is there, writable, in memory that the loader has marked as its own. */
static void check_ramdisk_pages(void)
{
#ifdef API_WINDOW
    for (uint64_t at = 0; at < u64(176); at += PAGE) {
        uint64_t entry = entry_of(u64(168) + at);
        holds("a page of the ramdisk is writable", entry & 2);
        equal("memory of the ramdisk", kind_at(entry & 0xffffffffff000), BOOTLOADER);
    }
#endif
}

static void check_ramdisk(void)
{
    static const char content[13] = "Hello, ramdis";
    if (API_PATCH == 0)
        return;
#ifdef API_RAMDISK_SIZE
    const volatile uint8_t *bytes = (const volatile uint8_t *)u64(168);
    (void)content;
    equal("ramdisk tag", u32(160), SOME);
    equal("ramdisk length", u64(176), API_RAMDISK_SIZE);
    equal("first and last byte", bytes[0] | bytes[API_RAMDISK_SIZE - 1], API_RAMDISK_SIZE == 1 ? 'H' : 0);
    check_ramdisk_pages();
#elif defined(API_RAMDISK)
    equal("ramdisk tag", u32(160), SOME);
    equal("ramdisk length", u64(176), sizeof content);
    holds("ramdisk content", __builtin_memcmp((const void *)u64(168), content, sizeof content) == 0);
    if (API_RAMDISK != 0)
        equal("fixed ramdisk", u64(168), API_RAMDISK);
    check_ramdisk_pages();
#else
    (void)content;
    equal("ramdisk tag", u32(160), NONE);
    equal("ramdisk length", u64(176), 0);
#endif
}

static void check_kernel(void)
{
    extern const uint8_t __ehdr_start[] __attribute__((visibility("hidden")));
    if (API_PATCH < 5)
        return;
    uint64_t offset = u64(200);
#ifdef API_BIAS
    equal("kernel image offset", offset, API_BIAS);
#endif
    holds("kernel image offset is whole pages", offset % PAGE == 0);
    holds("length of the kernel file", u64(192) > 1000 && u64(192) < 10 << 20);
    equal("memory of the kernel file", kind_at(u64(184)), BOOTLOADER);
#ifdef API_WINDOW
    holds("kernel file", __builtin_memcmp(window(u64(184)), "\177ELF", 4) == 0);
    holds("loaded headers are the file's", __builtin_memcmp(window(u64(184)), __ehdr_start, 64) == 0);
#endif
}

static void check_stack(void)
{
    uint8_t local;
    if (API_PATCH < 14)
        return;
    equal("stack length", u64(216), API_STACK_SIZE);
    holds("a local lies on the stack", (uint64_t)&local > u64(208) && (uint64_t)&local < u64(208) + API_STACK_SIZE);
#ifdef API_STACK
    equal("fixed stack, behind its guard page", u64(208), API_STACK + PAGE);
#endif
}

static void check_sentinel(void)
{
    size_t offset = API_PATCH >= 14 ? 224 : API_PATCH >= 5 ? 208 : 184;
    if (API_PATCH >= 1)
        equal("test sentinel", u64(offset), API_SENTINEL);
}

static void check_pointers_were_relocated(void)
{
    static const uint64_t value = 0xdeadbeef;
    static const uint64_t *const volatile pointer = &value;
    equal("a static pointer", *pointer, 0xdeadbeef);
}

/* The last test: whatever the map calls usable can be overwritten. */
static void fill_usable_memory(void)
{
#ifdef API_WINDOW
    const struct region *regions = (const struct region *)u64(8);
    for (uint64_t i = 0; i < u64(16); i++)
        if (regions[i].kind == USABLE)
            __builtin_memset(window(regions[i].start), 0xff, regions[i].end - regions[i].start);
    check_memory_map();
    check_ramdisk();
    check_pointers_were_relocated();
#endif
}

void kernel_main(const struct entry_state *entry)
{
    info = (const uint8_t *)entry->rdi;
    boot_print("bootloader_api 0.11.%u kernel: BootInfo at 0x%lx, offset 0x%lx\n", API_PATCH, entry->rdi,
               API_PATCH >= 5 ? u64(200) : 0);
    check_entry(entry);
    check_version();
    check_memory_map();
    check_framebuffer();
    check_window();
    check_recursive();
    check_tables_and_tls();
    check_ramdisk();
    check_kernel();
    check_stack();
    check_sentinel();
    check_pointers_were_relocated();
    fill_usable_memory();
    add_to_digest(entry->rip);
    add_to_digest(entry->rdi);
    add_to_digest(u64(96));
    boot_print("BOOT-OK %016lx\n", digest);
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
