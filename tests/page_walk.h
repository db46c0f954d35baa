/* Walks page tables as a CPU would (Intel SDM 3A, 4.5), written from the manual alone: the judge of what
 * common/paging.c builds. Bits that a CPU would call reserved end the test, by fake_violation(); the memory is
 * fake_memory()'s. */
#ifndef STAGECOACH_TESTS_PAGE_WALK_H
#define STAGECOACH_TESTS_PAGE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_cache { PAGE_WRITE_BACK, PAGE_UNCACHED, PAGE_WRITE_COMBINING, PAGE_OTHER_CACHE };

struct page_leaf {
    uint64_t address, phys, size; /* of the whole page: 4 KiB, 2 MiB or 1 GiB */
    bool write, execute, user;    /* what all levels together allow */
    unsigned pat_index;           /* which entry of IA32_PAT gives the memory type */
    enum page_cache cache;        /* by the PAT that the kernel is promised */
};

struct page_tables {
    uint64_t root_phys;
    uint32_t phys_bits;
    bool no_execute, gigabyte_pages;
    int recursive_slot; /* -1: none; left out by page_walk_all() */
    int levels;         /* 4 or 5 */
};

/* False if nothing is mapped there. */
bool page_walk(const struct page_tables *tables, uint64_t address, struct page_leaf *leaf);

/* What `address` in that page translates to. */
uint64_t page_leaf_phys(const struct page_leaf *leaf, uint64_t address);

/* Calls `visit` for every leaf, and `visit_table` (if not NULL) for every frame that holds a table, the root included.
 */
void page_walk_all(const struct page_tables *tables, void (*visit)(void *context, const struct page_leaf *leaf),
                   void (*visit_table)(void *context, uint64_t phys), void *context);

/* Copies from the address space; false if part of the range is not mapped. */
bool page_read(const struct page_tables *tables, uint64_t address, void *to, uint64_t size);

#endif
