#include "paging.h"

#include "checked.h"
#include "firmware.h"
#include "memory.h"

#define ENTRIES 512u
#define ADDRESS_MASK 0x000ffffffffff000ull /* the physical address in an entry */
#define LEVEL_ROOT 4u
#define LEVEL_1G 3u
#define LEVEL_2M 2u
#define LEVEL_4K 1u

/* What one entry of a table of this level maps: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static uint64_t span_of(unsigned level)
{
    return PAGE_SIZE << (9 * (level - 1));
}

static unsigned index_of(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (12 + 9 * (level - 1))) % ENTRIES;
}

/* --- counting ---------------------------------------------------------------------------------------------------- */

/* How many entries of this level a range touches. */
static uint64_t touched(const struct paging_mapping *mapping, unsigned level)
{
    uint64_t last = mapping->address + (mapping->size - 1);
    return last / span_of(level) - mapping->address / span_of(level) + 1;
}

/* How many of them are large pages: those that lie wholly inside, if address and physical address agree. */
static uint64_t large_leaves(const struct paging_mapping *mapping, unsigned level)
{
    uint64_t span = span_of(level), last = mapping->address + (mapping->size - 1);
    if (!is_aligned(mapping->address - mapping->phys, span))
        return 0;
    uint64_t first = mapping->address / span + (is_aligned(mapping->address, span) ? 0 : 1);
    uint64_t end = last / span + (is_aligned(last + 1, span) ? 1 : 0);
    return end > first ? end - first : 0;
}

uint64_t paging_frames_needed(const struct paging_mapping *mappings, size_t count,
                              const struct paging_features *features)
{
    uint64_t frames = 1;
    for (size_t i = 0; i < count; i++) {
        const struct paging_mapping *mapping = &mappings[i];
        frames += touched(mapping, LEVEL_ROOT);
        frames += touched(mapping, LEVEL_1G) - (features->gigabyte_pages ? large_leaves(mapping, LEVEL_1G) : 0);
        frames += touched(mapping, LEVEL_2M) - large_leaves(mapping, LEVEL_2M);
    }
    return frames;
}

/* --- building ---------------------------------------------------------------------------------------------------- */

static uint64_t *table_at(uint64_t phys)
{
    return firmware_map(phys, PAGE_SIZE);
}

void paging_init(struct paging *paging, uint64_t phys, uint64_t frames, const struct paging_features *features)
{
    memset(table_at(phys), 0, PAGE_SIZE);
    *paging = (struct paging){
        .root_phys = phys,
        .features = *features,
        .next_phys = phys + PAGE_SIZE,
        .frames_left = frames - 1,
        .frames_used = 1,
    };
}

/* Bits of a leaf besides its address. Memory types are chosen by PAGING_PAT_VALUE: entry 3 is uncached, 5
 * write-combining, and the third selecting bit has another place in large pages. */
static uint64_t leaf_bits(const struct paging *paging, const struct paging_mapping *mapping, unsigned level)
{
    uint64_t bits = PAGING_PRESENT;
    if (mapping->write)
        bits |= PAGING_WRITE;
    if (!mapping->execute && paging->features.no_execute)
        bits |= PAGING_NO_EXECUTE;
    if (level != LEVEL_4K)
        bits |= PAGING_LARGE;
    if (mapping->cache == PAGING_UNCACHED)
        bits |= PAGING_CACHE_DISABLE | PAGING_WRITE_THROUGH;
    else if (mapping->cache == PAGING_WRITE_COMBINING)
        bits |= PAGING_WRITE_THROUGH | (level == LEVEL_4K ? PAGING_PAT_4K : PAGING_PAT_LARGE);
    return bits;
}

static enum status mapped_twice(const struct paging_mapping *mapping, uint64_t address, struct error *error)
{
    return error_set(error, STATUS_INTERNAL, "page tables: %s at %#llx meets a page that is mapped already",
                     mapping->name, (unsigned long long)address);
}

/* The largest page that may begin here. */
static unsigned leaf_level(const struct paging *paging, const struct paging_mapping *rest)
{
    unsigned level = paging->features.gigabyte_pages ? LEVEL_1G : LEVEL_2M;
    while (level > LEVEL_4K && (!is_aligned(rest->address | rest->phys, span_of(level)) || rest->size < span_of(level)))
        level--;
    return level;
}

/* Walks to the table of `level` on the way to rest->address and makes what is missing. */
static enum status descend(struct paging *paging, const struct paging_mapping *rest, unsigned level, uint64_t **table,
                           struct error *error)
{
    uint64_t *current = table_at(paging->root_phys);
    for (unsigned above = LEVEL_ROOT; above > level; above--) {
        uint64_t *entry = &current[index_of(rest->address, above)];
        if ((*entry & PAGING_PRESENT) == 0) {
            if (paging->frames_left == 0)
                return error_set(error, STATUS_INTERNAL, "page tables: %s needs more than the %llu frames planned",
                                 rest->name, (unsigned long long)paging->frames_used);
            memset(table_at(paging->next_phys), 0, PAGE_SIZE);
            *entry = paging->next_phys | PAGING_PRESENT | PAGING_WRITE;
            paging->next_phys += PAGE_SIZE;
            paging->frames_left--;
            paging->frames_used++;
        } else if ((*entry & PAGING_LARGE) != 0 || (*entry & ADDRESS_MASK) == paging->root_phys) {
            return mapped_twice(rest, rest->address, error);
        }
        current = table_at(*entry & ADDRESS_MASK);
    }
    *table = current;
    return STATUS_OK;
}

/* Fills one table as far as pages of this level go, and moves `rest` past them. */
static enum status fill(const struct paging *paging, struct paging_mapping *rest, unsigned level, uint64_t *table,
                        struct error *error)
{
    uint64_t span = span_of(level), value = rest->phys | leaf_bits(paging, rest, level), filled = 0;
    uint64_t *entry = table + index_of(rest->address, level);
    for (uint64_t size = rest->size; entry < table + ENTRIES && size - filled >= span; entry++) {
        if (*entry != 0)
            return mapped_twice(rest, rest->address + filled, error);
        *entry = value + filled;
        filled += span;
    }
    rest->address += filled;
    rest->phys += filled;
    rest->size -= filled;
    return STATUS_OK;
}

static enum status check(const struct paging *paging, const struct paging_mapping *mapping, struct error *error)
{
    uint64_t last = mapping->address + (mapping->size - 1), phys_limit = 1ull << paging->features.phys_bits;
    bool canonical = (uint64_t)((int64_t)(mapping->address << 16) >> 16) == mapping->address;
    if (mapping->size == 0 || !is_aligned(mapping->address | mapping->phys | mapping->size, PAGE_SIZE) || !canonical ||
        last < mapping->address || (last ^ mapping->address) >> 47 != 0)
        return error_set(error, STATUS_INTERNAL,
                         "page tables: %s can't be mapped: %#llx bytes at %#llx, physical %#llx", mapping->name,
                         (unsigned long long)mapping->size, (unsigned long long)mapping->address,
                         (unsigned long long)mapping->phys);
    if (!range_ok(mapping->phys, mapping->size, phys_limit))
        return error_set(error, STATUS_CPU_FEATURE,
                         "%s: physical %#llx..%#llx is beyond the %u physical address bits of the CPU", mapping->name,
                         (unsigned long long)mapping->phys, (unsigned long long)(mapping->phys + (mapping->size - 1)),
                         paging->features.phys_bits);
    return STATUS_OK;
}

enum status paging_map(struct paging *paging, const struct paging_mapping *mapping, struct error *error)
{
    enum status status = check(paging, mapping, error);
    struct paging_mapping rest = *mapping;
    while (status == STATUS_OK && rest.size != 0) {
        uint64_t *table = NULL;
        unsigned level = leaf_level(paging, &rest);
        status = descend(paging, &rest, level, &table, error);
        if (status == STATUS_OK)
            status = fill(paging, &rest, level, table, error);
    }
    return status;
}

enum status paging_map_recursive(struct paging *paging, uint32_t slot, struct error *error)
{
    uint64_t *root = table_at(paging->root_phys);
    if (slot >= ENTRIES || root[slot] != 0)
        return error_set(error, STATUS_INTERNAL, "page tables: slot %u can't hold the recursive mapping", slot);
    root[slot] =
        paging->root_phys | PAGING_PRESENT | PAGING_WRITE | (paging->features.no_execute ? PAGING_NO_EXECUTE : 0);
    return STATUS_OK;
}
