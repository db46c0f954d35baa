/* The window over physical memory: RAM write-back, the framebuffer write-combining, everything else below 4 GiB
 * uncached, bad memory and far-away device memory absent. */
#include "check.h"
#include "page_tables.h"
#include "state.h"

#include <stagecoach/memory.h>

#define DEVICES_END (4ull << 30)

static bool is_ram(uint32_t type)
{
    return type <= BOOT_MEMORY_MODULE ||
           (type >= BOOT_MEMORY_ACPI_RECLAIMABLE && type <= BOOT_MEMORY_EFI_RUNTIME_DATA) ||
           type == BOOT_MEMORY_PERSISTENT;
}

#define GIB (1ull << 30)

/* A stretch that holds whole, aligned GiB shows each of them as one page, where the CPU has such pages. */
static void check_page_size(const struct boot_info *info, uint64_t start, uint64_t end)
{
    struct leaf leaf;
    bool gigabyte_pages = (read_cpuid(0x80000001).edx & 1u << 26) != 0;
    uint64_t first = (start + GIB - 1) & ~(GIB - 1);
    if (first + GIB > end || info->physical_memory % GIB != 0 ||
        !page_tables_find(info, info->physical_memory + first, &leaf))
        return;
    check_equal("pages of the window have 1 GiB", leaf.page_size == GIB, gigabyte_pages);
}

/* One stretch of physical addresses appears with this memory type, page by page. */
static void check_stretch(const struct boot_info *info, uint64_t start, uint64_t end, uint8_t cache)
{
    uint64_t wrong = 0;
    bool found_wrong = false;
    struct leaf leaf;
    for (uint64_t phys = start; phys < end && !found_wrong;) {
        found_wrong = !page_tables_find(info, info->physical_memory + phys, &leaf) || leaf.cache != cache;
        wrong = phys;
        phys = leaf.phys + leaf.size;
    }
    check_that(cache == CACHE_WRITE_BACK        ? "RAM appears write-back"
               : cache == CACHE_WRITE_COMBINING ? "framebuffer appears write-combining"
                                                : "devices appear uncached",
               !found_wrong, wrong, "that");
    check_page_size(info, start, end);
}

static void check_hole(const struct boot_info *info, uint64_t start, uint64_t end)
{
    if (end > DEVICES_END)
        end = DEVICES_END;
    if (start < end)
        check_stretch(info, start, end, CACHE_UNCACHED);
}

static void check_region(const struct boot_info *info, const struct boot_memory_region *region)
{
    uint64_t end = region->phys + region->size;
    struct leaf leaf;
    if (is_ram(region->type)) {
        if (check_that("RAM lies inside the window", end <= info->physical_memory_size, end, "inside"))
            check_stretch(info, region->phys, end, CACHE_WRITE_BACK);
    } else if (region->type == BOOT_MEMORY_BAD) {
        check_that("bad memory is absent", !page_tables_find(info, info->physical_memory + region->phys, &leaf),
                   region->phys, "not mapped");
    } else if (region->type == BOOT_MEMORY_FRAMEBUFFER) {
        if (end <= DEVICES_END)
            check_stretch(info, region->phys, end, CACHE_WRITE_COMBINING);
    } else {
        check_hole(info, region->phys, end);
    }
}

/* The same bytes through the window as through the kernel's own mapping. */
static void check_contents(const struct boot_info *info)
{
    for (uint64_t i = 0; i < info->segment_count; i++) {
        const struct boot_segment *segment = &info->segments[i];
        const void *window = boot_phys_to_pointer(info, segment->phys, segment->size);
        if (!check_that("segment in the window", window != NULL, segment->phys, "inside"))
            continue;
        uint64_t size = segment->size < BOOT_PAGE_SIZE ? segment->size : BOOT_PAGE_SIZE;
        check_equal("same bytes in the window", fnv1a(0, window, size),
                    fnv1a(0, (const void *)(uintptr_t)segment->address, size));
    }
}

void check_window(const struct boot_info *info)
{
    check_subject("physical memory window");
    uint64_t wish = boot_note_.config.physical_memory;
    bool wanted = wish != BOOT_DEFAULT && wish != BOOT_NOWHERE;
    check_equal("window exists", info->physical_memory_size > 0, wanted);
    if (!wanted || info->physical_memory_size == 0)
        return;
    if (wish > BOOT_NOWHERE)
        check_equal("window as asked", info->physical_memory, wish);
    check_equal("window is aligned to 2 MiB", (info->physical_memory | info->physical_memory_size) % (2u << 20), 0);
    check_that("window covers 4 GiB", info->physical_memory_size >= DEVICES_END, info->physical_memory_size, "4 GiB");
    uint64_t end = 0;
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        check_hole(info, end, info->memory_map[i].phys);
        check_region(info, &info->memory_map[i]);
        end = info->memory_map[i].phys + info->memory_map[i].size;
    }
    check_hole(info, end, DEVICES_END);
    check_contents(info);
}
