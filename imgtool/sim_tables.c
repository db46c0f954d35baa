#include "sim_tables.h"

#include "checked.h"
#include "failure.h"
#include "sim_machine.h"

#include <stdlib.h>

#define ENTRIES 512u
#define ADDRESS_MASK 0x000ffffffffff000ull

static unsigned shift_of(unsigned level)
{
    return 12 + 9 * (level - 1);
}

static bool continues(const struct sim_range *run, const struct sim_range *leaf)
{
    return run->address + run->size == leaf->address && run->phys + run->size == leaf->phys &&
           run->page_size == leaf->page_size && run->write == leaf->write && run->execute == leaf->execute &&
           run->cache == leaf->cache;
}

static void add(struct sim_ranges *ranges, const struct sim_range *leaf)
{
    if (ranges->count > 0 && continues(&ranges->list[ranges->count - 1], leaf)) {
        ranges->list[ranges->count - 1].size += leaf->size;
        return;
    }
    struct sim_range *list = reallocarray(ranges->list, ranges->count + 1, sizeof *list);
    if (list == NULL)
        exit(failure_memory());
    ranges->list = list;
    list[ranges->count++] = *leaf;
}

static struct sim_range make_leaf(uint64_t entry, uint64_t address, unsigned level)
{
    uint64_t size = 1ull << shift_of(level);
    uint64_t selects_combining = level == 1 ? PAGING_PAT_4K : PAGING_PAT_LARGE;
    return (struct sim_range){
        .address = (uint64_t)((int64_t)(address << 16) >> 16),
        .phys = entry & ADDRESS_MASK & ~(size - 1),
        .size = size,
        .page_size = size,
        .write = (entry & PAGING_WRITE) != 0,
        .execute = (entry & PAGING_NO_EXECUTE) == 0,
        .cache = (entry & selects_combining) != 0      ? PAGING_WRITE_COMBINING
                 : (entry & PAGING_CACHE_DISABLE) != 0 ? PAGING_UNCACHED
                                                       : PAGING_WRITE_BACK,
    };
}

/* NOLINTNEXTLINE(misc-no-recursion): four levels */
static void walk(struct sim_ranges *ranges, uint64_t table_phys, uint64_t base, unsigned level, uint32_t left_out)
{
    const uint64_t *table = sim_memory(table_phys, PAGE_SIZE);
    ranges->tables++;
    for (uint64_t i = 0; table != NULL && i < ENTRIES; i++) {
        uint64_t entry = table[i], address = base | i << shift_of(level);
        if ((entry & PAGING_PRESENT) == 0 || (level == 4 && i == left_out))
            continue;
        if (level == 1 || (level < 4 && (entry & PAGING_LARGE) != 0)) {
            struct sim_range leaf = make_leaf(entry, address, level);
            add(ranges, &leaf);
        } else {
            walk(ranges, entry & ADDRESS_MASK, address, level - 1, left_out);
        }
    }
}

void sim_tables_read(uint64_t root_phys, uint32_t recursive_slot, struct sim_ranges *ranges)
{
    *ranges = (struct sim_ranges){0};
    walk(ranges, root_phys, 0, 4, recursive_slot);
}

void sim_ranges_free(struct sim_ranges *ranges)
{
    free(ranges->list);
    *ranges = (struct sim_ranges){0};
}
