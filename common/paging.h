/* Builds 4-level page tables (Intel SDM 3A, 4.5) from a list of mappings, with the largest pages that alignment and the
 * CPU allow. Parents are present and writable (a recursive mapping needs that); leaves carry exact rights. */
#ifndef STAGECOACH_PAGING_H
#define STAGECOACH_PAGING_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGING_PRESENT (1ull << 0)
#define PAGING_WRITE (1ull << 1)
#define PAGING_WRITE_THROUGH (1ull << 3)
#define PAGING_CACHE_DISABLE (1ull << 4)
#define PAGING_LARGE (1ull << 7)
#define PAGING_PAT_4K (1ull << 7)
#define PAGING_PAT_LARGE (1ull << 12)
#define PAGING_NO_EXECUTE (1ull << 63)

/* IA32_PAT as the loader leaves it: entries 0-3 and 6, 7 as after reset, 4 write-protected, 5 write-combining. */
#define PAGING_PAT_VALUE 0x0007010500070406ull

enum paging_cache { PAGING_WRITE_BACK, PAGING_UNCACHED, PAGING_WRITE_COMBINING };

struct paging_mapping {
    uint64_t address, phys, size; /* 4 KiB aligned, size > 0, inside one half */
    bool write, execute;
    enum paging_cache cache;
    char name[24]; /* for messages and `imgtool explain` */
};

struct paging_features {
    bool no_execute; /* the CPU has NX; without it the bit is left out */
    bool gigabyte_pages;
    uint32_t phys_bits; /* MAXPHYADDR: higher physical addresses are refused */
};

struct paging {
    uint64_t root_phys;
    struct paging_features features;
    /* Room for tables: the next free frame and how many are left. */
    uint64_t next_phys;
    uint64_t frames_left;
    uint64_t frames_used;
};

/* Upper bound of the table frames that these mappings need, the root included (exact when no two mappings share a
 * table). */
uint64_t paging_frames_needed(const struct paging_mapping *mappings, size_t count,
                              const struct paging_features *features);

/* Starts tables in `frames` frames at `phys` (zeroed here, through firmware_map). */
void paging_init(struct paging *paging, uint64_t phys, uint64_t frames, const struct paging_features *features);

/* Maps; STATUS_INTERNAL if something is mapped there already or room runs out. */
enum status paging_map(struct paging *paging, const struct paging_mapping *mapping, struct error *error);

/* Makes PML4 entry `slot` point at the root. */
enum status paging_map_recursive(struct paging *paging, uint32_t slot, struct error *error);

#endif
