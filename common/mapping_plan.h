/* The list of everything that the kernel's page tables will map: plain data that the table builder follows, `imgtool
 * explain` prints, and the test kernel's real tables must equal. */
#ifndef STAGECOACH_MAPPING_PLAN_H
#define STAGECOACH_MAPPING_PLAN_H

#include "memmap.h"
#include "paging.h"

struct mapping_plan {
    struct paging_mapping *mappings; /* the caller's storage */
    size_t count, capacity;
};

/* Appends one mapping; size 0 or `address` 0 with size 0 adds nothing. STATUS_INTERNAL when the storage is full. */
enum status mapping_plan_add(struct mapping_plan *plan, const struct paging_mapping *mapping, struct error *error);

/* How far a window over physical memory reaches: RAM and firmware tables to their end, at least 4 GiB, multiple of 2
 * MiB. Reserved ranges far above RAM do not count. */
uint64_t window_size(const struct memmap *map);

/* Upper bound of the mappings that window_add() makes. */
size_t window_mapping_room(const struct memmap *map);

/* Maps the window at `address`: RAM write-back, the framebuffer write-combining, everything else below 4 GiB uncached,
 * bad memory not at all; above 4 GiB what is not RAM stays unmapped. Read, write, never execute. */
enum status window_add(struct mapping_plan *plan, const struct memmap *map, uint64_t address, struct error *error);

#endif
