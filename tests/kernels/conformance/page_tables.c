#include "page_tables.h"

#include "check.h"
#include "state.h"

#include <stagecoach/memory.h>

struct walk {
    const struct boot_info *info;
    void (*each)(const struct boot_info *info, const struct leaf *run);
    struct leaf run;
    uint64_t tables;
};

static uint64_t canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16);
}

static unsigned level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

/* The table's address, seen through the recursive slot: `level` 4 is the root, `address` any that the table serves. */
static uint64_t recursive_table(uint64_t slot, unsigned level, uint64_t address)
{
    uint64_t all_slots = slot << 39 | slot << 30 | slot << 21 | slot << 12;
    if (level == 4)
        return canonical(all_slots);
    uint64_t path = (address & 0xffffffffffff) >> level_shift(level + 1) << 12;
    uint64_t mask = (1ull << (12 + 9 * (4 - level))) - 1;
    return canonical((all_slots & ~mask) | path);
}

static uint64_t read_entry(const struct boot_info *info, unsigned level, uint64_t table_phys, uint64_t address)
{
    uint64_t index = address >> level_shift(level) & 511;
    const uint64_t *table = boot_phys_to_pointer(info, table_phys, BOOT_PAGE_SIZE);
    if (table == NULL)
        table = (const uint64_t *)(uintptr_t)recursive_table(info->recursive_slot, level, address);
    return table[index];
}

bool page_tables_readable(const struct boot_info *info)
{
    return info->physical_memory_size > 0 || info->recursive_slot < 512;
}

static uint8_t entry_cache(uint64_t entry, bool large)
{
    uint64_t pat = (entry >> 3 & 3) | ((entry >> (large ? 12 : 7) & 1) << 2);
    return (uint8_t)(read_msr(0x277) >> (8 * pat));
}

static struct leaf make_leaf(uint64_t entry, unsigned level, uint64_t address)
{
    uint64_t size = 1ull << level_shift(level);
    return (struct leaf){
        .address = canonical(address & ~(size - 1)),
        .phys = entry & ENTRY_PHYS & ~(size - 1),
        .size = size,
        .page_size = size,
        .write = (entry & ENTRY_WRITE) != 0,
        .execute = (entry & ENTRY_NO_EXECUTE) == 0,
        .user = (entry & ENTRY_USER) != 0,
        .global = (entry & ENTRY_GLOBAL) != 0,
        .cache = entry_cache(entry, level > 1),
    };
}

static bool is_leaf(uint64_t entry, unsigned level)
{
    return level == 1 || (level < 4 && (entry & ENTRY_LARGE) != 0);
}

bool page_tables_find(const struct boot_info *info, uint64_t address, struct leaf *leaf)
{
    uint64_t table = info->page_table_phys;
    for (unsigned level = 4; level > 0; level--) {
        uint64_t entry = read_entry(info, level, table, address);
        if (!(entry & ENTRY_PRESENT))
            return false;
        if (is_leaf(entry, level)) {
            *leaf = make_leaf(entry, level, address);
            return true;
        }
        table = entry & ENTRY_PHYS;
    }
    return false;
}

static bool continues(const struct leaf *run, const struct leaf *leaf)
{
    return run->size > 0 && run->address + run->size == leaf->address && run->phys + run->size == leaf->phys &&
           run->page_size == leaf->page_size && run->write == leaf->write && run->execute == leaf->execute &&
           run->user == leaf->user && run->global == leaf->global && run->cache == leaf->cache;
}

static void walk_leaf(struct walk *walk, const struct leaf *leaf)
{
    if (continues(&walk->run, leaf)) {
        walk->run.size += leaf->size;
        return;
    }
    if (walk->run.size > 0)
        walk->each(walk->info, &walk->run);
    walk->run = *leaf;
}

static void check_parent(const struct boot_info *info, uint64_t entry, unsigned level)
{
    check_equal("parent entry: present, writable, executable, not for users",
                entry & (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_NO_EXECUTE), ENTRY_PRESENT | ENTRY_WRITE);
    if (level == 4)
        check_equal("reserved bit of a PML4 entry", entry & ENTRY_LARGE, 0);
    const struct boot_memory_region *region = boot_memory_find(info, entry & ENTRY_PHYS, BOOT_PAGE_SIZE);
    check_that("table's frame", region != NULL && region->type == BOOT_MEMORY_LOADER_RECLAIMABLE, entry & ENTRY_PHYS,
               "loader reclaimable");
}

static void walk_table(struct walk *walk, unsigned level, uint64_t table_phys, uint64_t base)
{
    walk->tables++;
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t address = base | i << level_shift(level);
        uint64_t entry = read_entry(walk->info, level, table_phys, address);
        if (!(entry & ENTRY_PRESENT)) {
            check_equal("absent entry", entry, 0);
            continue;
        }
        if (level == 4 && i == walk->info->recursive_slot)
            continue;
        if (is_leaf(entry, level)) {
            struct leaf leaf = make_leaf(entry, level, address);
            walk_leaf(walk, &leaf);
        } else {
            check_parent(walk->info, entry, level);
            walk_table(walk, level - 1, entry & ENTRY_PHYS, address);
        }
    }
}

uint64_t page_tables_walk(const struct boot_info *info,
                          void (*each)(const struct boot_info *info, const struct leaf *run))
{
    struct walk walk = {.info = info, .each = each};
    walk_table(&walk, 4, info->page_table_phys, 0);
    if (walk.run.size > 0)
        each(info, &walk.run);
    return walk.tables;
}
