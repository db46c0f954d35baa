/* The physical memory map, and that everything the loader placed is typed as what it is. */
#include "check.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

static void print_map(const struct boot_info *info)
{
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        const struct boot_memory_region *region = &info->memory_map[i];
        boot_print("  %016lx %016lx %s\n", region->phys, region->size, boot_memory_type_name(region->type));
    }
}

static void check_region(const struct boot_memory_region *region, const struct boot_memory_region *previous)
{
    check_equal("region is page aligned", (region->phys | region->size) % BOOT_PAGE_SIZE, 0);
    check_that("region is not empty", region->size > 0, region->phys, "some bytes");
    check_that("region does not wrap", region->phys + (region->size - 1) >= region->phys, region->phys, "below 2^64");
    check_that("type", region->type <= BOOT_MEMORY_BAD, region->type, "a known one");
    if (previous == NULL)
        return;
    uint64_t end = previous->phys + previous->size;
    check_that("sorted and disjoint", region->phys >= end, region->phys, "behind the region before");
    check_that("merged", region->phys != end || region->type != previous->type, region->phys,
               "neighbours of different types");
}

/* The whole range lies in one region of this type. */
static void check_typed(const char *name, const struct boot_info *info, uint64_t phys, uint64_t size, uint32_t type)
{
    const struct boot_memory_region *region = boot_memory_find(info, phys, size);
    check_that(name, region != NULL && region->type == type, phys, boot_memory_type_name(type));
}

static void check_placed(const struct boot_info *info)
{
    for (uint64_t i = 0; i < info->segment_count; i++)
        check_typed("segment's type", info, info->segments[i].phys, info->segments[i].size, BOOT_MEMORY_KERNEL);
    check_typed("page tables' type", info, info->page_table_phys, BOOT_PAGE_SIZE, BOOT_MEMORY_LOADER_RECLAIMABLE);
    if (info->ramdisk_size > 0)
        check_typed("ramdisk's type", info, info->ramdisk_phys, info->ramdisk_size, BOOT_MEMORY_RAMDISK);
    for (uint64_t i = 0; i < info->module_count; i++) {
        if (info->modules[i].size > 0)
            check_typed("module's type", info, info->modules[i].phys, info->modules[i].size, BOOT_MEMORY_MODULE);
    }
    if (info->efi.memory_map_size > 0)
        check_typed("EFI memory map's type", info, info->efi.memory_map_phys, info->efi.memory_map_size,
                    BOOT_MEMORY_LOADER_RECLAIMABLE);
    if (info->framebuffer.phys == 0)
        return;
    /* A framebuffer may lie in a range that firmware never named, or in RAM. */
    const struct boot_memory_region *region = boot_memory_find(info, info->framebuffer.phys, info->framebuffer.size);
    check_that("framebuffer's type", region == NULL || region->type == BOOT_MEMORY_FRAMEBUFFER, info->framebuffer.phys,
               "framebuffer or no region");
}

/* The loader leaves the first MiB alone: what firmware calls free there is the kernel's. */
static void check_low_memory(const struct boot_info *info)
{
    const uint64_t end = 1ull << 20;
    uint64_t usable = 0, taken = 0;
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        const struct boot_memory_region *region = &info->memory_map[i];
        if (region->phys >= end)
            break;
        uint64_t size = region->phys + region->size > end ? end - region->phys : region->size;
        usable += region->type == BOOT_MEMORY_USABLE ? size : 0;
        taken += region->type >= BOOT_MEMORY_LOADER_RECLAIMABLE && region->type <= BOOT_MEMORY_MODULE ? size : 0;
    }
    check_equal("low memory that the loader took", taken, 0);
    check_that("usable low memory", usable > 16 * BOOT_PAGE_SIZE, usable, "more than 16 pages");
}

void check_memory_map(const struct boot_info *info)
{
    check_subject("memory map");
    if (!check_that("count", info->memory_map_count > 0 && info->memory_map_count < 65536, info->memory_map_count,
                    "some regions"))
        return;
    print_map(info);
    for (uint64_t i = 0; i < info->memory_map_count; i++)
        check_region(&info->memory_map[i], i == 0 ? NULL : &info->memory_map[i - 1]);
    check_that("usable memory", boot_memory_total(info, BOOT_MEMORY_USABLE) >= (4ull << 20),
               boot_memory_total(info, BOOT_MEMORY_USABLE), "at least 4 MiB");
    const struct boot_memory_region *first = boot_memory_find(info, 0x8000, BOOT_PAGE_SIZE);
    check_that("page 0x8000 for starting other CPUs", first != NULL && first->type == BOOT_MEMORY_USABLE, 0x8000,
               "usable");
    check_low_memory(info);
    check_placed(info);
}
