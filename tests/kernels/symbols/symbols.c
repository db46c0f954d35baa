/* A kernel that names its own callers: judges symbols, names and file against itself and prints a backtrace, which the
 * test compares with what nm says of the file. TEST_STRIPPED: the file has no symbols, and says so. */
#include <stagecoach/functions.h>
#include <stagecoach/print.h>
#include <stagecoach/symbols.h>

#ifndef TEST_WISHES
#define TEST_WISHES .kernel_symbols = BOOT_ANYWHERE, .kernel_file = BOOT_ANYWHERE
#endif
BOOT_CONFIG(.physical_memory = BOOT_ANYWHERE, TEST_WISHES);
BOOT_ENTRY(kernel_main);

static void holds(const char *what, bool condition)
{
    if (condition)
        return;
    boot_print("BOOT-BAD %s\n", what);
    boot_debug_exit(BOOT_EXIT_FAILURE);
}

static uint32_t type_at(const struct boot_info *info, uint64_t phys)
{
    for (uint64_t i = 0; i < info->memory_map_count; i++)
        if (phys - info->memory_map[i].phys < info->memory_map[i].size)
            return info->memory_map[i].type;
    return UINT32_MAX;
}

/* The physical address and the rights of a page, by the tables themselves. */
static uint64_t entry_of(const struct boot_info *info, const void *pointer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer, entry = info->page_table_phys;
    for (int level = 3; level >= 0; level--) {
        uint64_t index = address >> (12 + 9 * level) & 511;
        entry = ((const uint64_t *)(uintptr_t)(info->physical_memory + (entry & 0x000ffffffffff000)))[index];
        holds("the page is mapped", entry & 1);
        if (level == 0 || (entry & 0x80))
            break;
    }
    return entry;
}

static void check_page(const struct boot_info *info, const char *what, const void *pointer)
{
    uint64_t entry = entry_of(info, pointer);
    boot_print("%s at 0x%lx, entry 0x%lx\n", what, (uint64_t)(uintptr_t)pointer, entry);
    holds("it is read-only", (entry & 2) == 0);
    holds("it can't be executed", entry >> 63 != 0);
    holds("its memory is the kernel's", type_at(info, entry & 0x000ffffffffff000) == BOOT_MEMORY_KERNEL);
    holds("it begins a page", (uint64_t)(uintptr_t)pointer % 4096 == 0);
}

static void check_file(const struct boot_info *info)
{
    const char *bytes = info->kernel_file;
    check_page(info, "file", bytes);
    holds("the file is an ELF file", bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' && bytes[3] == 'F');
    uint64_t checksum = 0xcbf29ce484222325;
    for (uint64_t i = 0; i < info->kernel_file_size; i++)
        checksum = (checksum ^ (uint8_t)bytes[i]) * 0x100000001b3;
    boot_print("FILE %lu %016lx\n", info->kernel_file_size, checksum);
}

__attribute__((noinline)) static void print_backtrace(const struct boot_info *info)
{
    uint64_t addresses[16];
    size_t count = boot_backtrace(info, addresses, 16);
    for (size_t i = 0; i < count; i++) {
        struct boot_symbol_place place = {"?", 0};
        boot_symbol_find_caller(info, addresses[i], &place);
        boot_print("TRACE 0x%lx %s+0x%lx\n", addresses[i] - info->kernel_bias, place.name, place.offset);
    }
}

__attribute__((noinline)) static void innermost(const struct boot_info *info)
{
    print_backtrace(info);
    __asm__ volatile(""); /* no tail call */
}

__attribute__((noinline)) static void middle(const struct boot_info *info)
{
    innermost(info);
    __asm__ volatile("");
}

static void check_symbols(const struct boot_info *info)
{
    struct boot_symbol_place place = {"?", 0};
    check_page(info, "symbols", info->symbols);
    holds("names end with a NUL", info->symbol_names[info->symbol_names_size] == '\0');
    holds("the first symbol is empty", info->symbols[0].name == 0 && info->symbols[0].value == 0);
    holds("a function has a name", boot_symbol_find(info, (uint64_t)(uintptr_t)middle + 1, &place));
    holds("it is the right one", memcmp(place.name, "middle", 7) == 0 && place.offset == 1);
    holds("no name for address 0", !boot_symbol_find(info, 0, &place));
    holds("no name for the end of memory", !boot_symbol_find(info, UINT64_MAX, &place));
}

__attribute__((noinline)) static void kernel_main(struct boot_info *info)
{
    holds("the boot info has these fields", info->size >= sizeof *info);
    if (info->symbols != NULL)
        check_symbols(info);
    else
        holds("without symbols all is 0",
              info->symbol_count == 0 && info->symbol_names == NULL && info->symbol_names_size == 0);
    if (info->kernel_file != NULL)
        check_file(info);
    boot_print("SYMBOLS %lu\n", info->symbol_count);
    middle(info);
    boot_print("BOOT-OK\n");
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
