#include "page_walk.h"

#include "fake_private.h"

#include <string.h>

struct entry_rights {
    bool write, execute, user;
};

static uint64_t page_size_of(int level)
{
    return 1ull << (12 + 9 * (level - 1));
}

static uint64_t sign_extended(const struct page_tables *tables, uint64_t address)
{
    int sign = 9 * tables->levels + 11;
    return address >> sign & 1 ? address | UINT64_MAX << sign : address;
}

static uint64_t physical_mask(const struct page_tables *tables)
{
    return ((1ull << tables->phys_bits) - 1) & ~0xfffull;
}

static bool is_leaf(uint64_t entry, int level)
{
    return level == 1 || (level < 4 && (entry >> 7 & 1) != 0);
}

static void check_reserved(const struct page_tables *tables, uint64_t entry, int level, uint64_t address)
{
    uint64_t reserved = 0x000ffffffffff000ull & ~physical_mask(tables);
    bool large = level > 1 && is_leaf(entry, level);
    if (!tables->no_execute)
        reserved |= 1ull << 63;
    if (level >= 4 || (level == 3 && !tables->gigabyte_pages))
        reserved |= 1ull << 7;
    if (large)
        reserved |= page_size_of(level) - 1 - 0x1fff; /* bit 12 is PAT */
    if (entry & reserved)
        fake_violation("page tables: entry %#llx of level %d for %#llx has reserved bits %#llx",
                       (unsigned long long)entry, level, (unsigned long long)address,
                       (unsigned long long)(entry & reserved));
}

/* Entry of the PAT as kernel-api promises it: 0-3 and 6, 7 as after reset, 4 write-protected, 5 write-combining. */
static enum page_cache cache_of(unsigned pat_index)
{
    static const enum page_cache pat[8] = {PAGE_WRITE_BACK,  PAGE_OTHER_CACHE,     PAGE_OTHER_CACHE, PAGE_UNCACHED,
                                           PAGE_OTHER_CACHE, PAGE_WRITE_COMBINING, PAGE_OTHER_CACHE, PAGE_UNCACHED};
    return pat[pat_index];
}

static unsigned pat_index_of(uint64_t entry, int level)
{
    unsigned pat_bit = level == 1 ? entry >> 7 & 1 : entry >> 12 & 1;
    return pat_bit << 2 | (unsigned)(entry >> 3 & 3);
}

static struct entry_rights narrowed(struct entry_rights rights, uint64_t entry)
{
    return (struct entry_rights){rights.write && (entry >> 1 & 1), rights.execute && !(entry >> 63),
                                 rights.user && (entry >> 2 & 1)};
}

static void fill_leaf(const struct page_tables *tables, uint64_t entry, int level, uint64_t address,
                      struct entry_rights rights, struct page_leaf *leaf)
{
    uint64_t size = page_size_of(level);
    *leaf = (struct page_leaf){.address = sign_extended(tables, address & ~(size - 1)),
                               .phys = entry & physical_mask(tables) & ~(size - 1),
                               .size = size,
                               .write = rights.write,
                               .execute = rights.execute,
                               .user = rights.user,
                               .pat_index = pat_index_of(entry, level),
                               .cache = cache_of(pat_index_of(entry, level))};
}

static const uint64_t *table_at(uint64_t phys)
{
    return fake_memory(phys, 4096);
}

bool page_walk(const struct page_tables *tables, uint64_t address, struct page_leaf *leaf)
{
    struct entry_rights rights = {true, true, true};
    uint64_t phys = tables->root_phys;
    if (sign_extended(tables, address) != address)
        fake_violation("page tables: %#llx is no canonical address", (unsigned long long)address);
    for (int level = tables->levels;; level--) {
        uint64_t entry = table_at(phys)[address >> (12 + 9 * (level - 1)) & 511];
        if ((entry & 1) == 0)
            return false;
        check_reserved(tables, entry, level, address);
        rights = narrowed(rights, entry);
        if (is_leaf(entry, level)) {
            fill_leaf(tables, entry, level, address, rights, leaf);
            return true;
        }
        phys = entry & physical_mask(tables);
    }
}

uint64_t page_leaf_phys(const struct page_leaf *leaf, uint64_t address)
{
    return leaf->phys + (address - leaf->address);
}

struct visitor {
    const struct page_tables *tables;
    void (*visit)(void *context, const struct page_leaf *leaf);
    void (*visit_table)(void *context, uint64_t phys);
    void *context;
};

static void walk_table(const struct visitor *visitor, uint64_t phys, int level, uint64_t base,
                       struct entry_rights rights)
{
    const struct page_tables *tables = visitor->tables;
    if (visitor->visit_table != NULL)
        visitor->visit_table(visitor->context, phys);
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t entry = table_at(phys)[i], address = base + i * page_size_of(level);
        if ((entry & 1) == 0 || (level == tables->levels && (int)i == tables->recursive_slot))
            continue;
        check_reserved(tables, entry, level, address);
        struct entry_rights all = narrowed(rights, entry);
        struct page_leaf leaf;
        if (!is_leaf(entry, level)) {
            walk_table(visitor, entry & physical_mask(tables), level - 1, address, all);
            continue;
        }
        fill_leaf(tables, entry, level, address, all, &leaf);
        visitor->visit(visitor->context, &leaf);
    }
}

void page_walk_all(const struct page_tables *tables, void (*visit)(void *context, const struct page_leaf *leaf),
                   void (*visit_table)(void *context, uint64_t phys), void *context)
{
    struct visitor visitor = {tables, visit, visit_table, context};
    walk_table(&visitor, tables->root_phys, tables->levels, 0, (struct entry_rights){true, true, true});
}

bool page_read(const struct page_tables *tables, uint64_t address, void *to, uint64_t size)
{
    uint8_t *at = to;
    while (size > 0) {
        struct page_leaf leaf;
        if (!page_walk(tables, address, &leaf))
            return false;
        uint64_t offset = address - leaf.address, part = leaf.size - offset;
        if (part > size)
            part = size;
        memcpy(at, fake_memory(leaf.phys + offset, part), part);
        at += part;
        address += part;
        size -= part;
    }
    return true;
}
