/* The physical memory map: what firmware reports, made sorted, disjoint, page-aligned and merged. Types are those of
 * the boot protocol (enum boot_memory_type) plus the two below that never reach a kernel. */
#ifndef STAGECOACH_MEMMAP_H
#define STAGECOACH_MEMMAP_H

#include "error.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMMAP_LOADER_IN_USE 64u /* the running loader's own memory: not for taking now, USABLE after leave */

struct memmap {
    struct boot_memory_region *regions; /* owned by whoever made the map */
    size_t count;
    size_t capacity;
};

/* Appends a raw region as firmware says it: any order, any alignment, overlaps allowed; size 0 is dropped; one that
 * reaches into the last page below 2^64, or wraps, is cut there; an unknown type counts as RESERVED. STATUS_MAP_TOO_BIG
 * when full. */
enum status memmap_add(struct memmap *map, uint64_t phys, uint64_t size, uint32_t type, uint32_t firmware_type,
                       struct error *error);

/* Entries that memmap_normalise needs room for, if `count` raw ones were added: each of the two ends of a region may
 * make a page of its own and begin another run. */
#define MEMMAP_ROOM(count) (4 * (size_t)(count) + 1)
static inline size_t memmap_room(size_t count)
{
    return MEMMAP_ROOM(count);
}

/* Sorts, resolves overlaps (the more restrictive type wins: USABLE < LOADER_IN_USE < LOADER_RECLAIMABLE < KERNEL <
 * RAMDISK < MODULE < ACPI_RECLAIMABLE < PERSISTENT < EFI_RUNTIME_* < ACPI_NVS < MMIO < RESERVED < FRAMEBUFFER < BAD),
 * shrinks USABLE (and LOADER_IN_USE, PERSISTENT) inward to pages and grows the rest outward, merges neighbours of equal
 * type. In O(n log n), in place; every byte that any region named stays covered: the page that a shrunk region was cut
 * off from is RESERVED, unless another region gives it a type. A page that USABLE and LOADER_IN_USE fill together is
 * LOADER_IN_USE. Needs capacity memmap_room(count). */
enum status memmap_normalise(struct memmap *map, struct error *error);

/* A type as the BIOS's INT 15h E820 has it (ACPI 6.5, table 15-374): what other boot protocols use. */
uint32_t memmap_e820_type(uint32_t type);

/* The type at an address of a normalised map; false if nothing covers it. O(log n). */
bool memmap_type_at(const struct memmap *map, uint64_t phys, uint32_t *type);

#endif
