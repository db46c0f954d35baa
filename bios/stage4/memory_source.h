/* What the BIOS says about memory, entry by entry: E820, or made from older calls where it is missing or broken. */
#ifndef STAGECOACH_BIOS_MEMORY_SOURCE_H
#define STAGECOACH_BIOS_MEMORY_SOURCE_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_SOURCE_CALLS_MAX 65536u

struct memory_entry {
    uint64_t phys, size;
    uint32_t type;          /* enum boot_memory_type */
    uint32_t firmware_type; /* E820's number */
};

struct memory_cursor {
    uint32_t continuation; /* E820's EBX; of older calls: the entry's number */
    uint32_t calls;
    bool ended;
};

/* Chooses the source. *count: an upper bound of the entries that memory_source_next() will yield. */
enum status memory_source_start(uint32_t *count, struct error *error);

/* The next entry; false at the end. Begin with a zeroed cursor, as often as you like. */
bool memory_source_next(struct memory_cursor *cursor, struct memory_entry *entry);

/* End of the memory below 640 KiB that is neither the BIOS's nor an option ROM's. */
uint64_t memory_low_end(void);

#endif
