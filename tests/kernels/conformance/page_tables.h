/* A walker of the page tables that the kernel was started with, through the physical window or the recursive slot. */
#ifndef CONFORMANCE_PAGE_TABLES_H
#define CONFORMANCE_PAGE_TABLES_H

#include <stagecoach/boot.h>

#include <stdbool.h>

#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_WRITE (1ull << 1)
#define ENTRY_USER (1ull << 2)
#define ENTRY_LARGE (1ull << 7)
#define ENTRY_GLOBAL (1ull << 8)
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_PHYS 0x000ffffffffff000ull

enum leaf_cache { /* the PAT's memory types, as boot_info's tables use them */
    CACHE_WRITE_BACK = 6,
    CACHE_UNCACHED = 0,
    CACHE_WRITE_COMBINING = 1,
};

struct leaf { /* one mapped page, or a run of them with equal attributes */
    uint64_t address, phys, size;
    uint64_t page_size;
    bool write, execute, user, global;
    uint8_t cache; /* enum leaf_cache, or another PAT type */
};

/* Whether this kernel asked for anything to walk through. */
bool page_tables_readable(const struct boot_info *info);

/* The page that maps an address; false if none does. */
bool page_tables_find(const struct boot_info *info, uint64_t address, struct leaf *leaf);

/* Calls `each` for every leaf in the order of addresses, runs of touching leaves with equal attributes and page size joined,
 * without the recursive slot. Returns the number of table frames. */
uint64_t page_tables_walk(const struct boot_info *info, void (*each)(const struct boot_info *info, const struct leaf *run));

#endif
