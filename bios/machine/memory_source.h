/* What is known about memory, entry by entry: from the BIOS (stage4/), or from whoever started us (direct/). */
#ifndef STAGECOACH_BIOS_MEMORY_SOURCE_H
#define STAGECOACH_BIOS_MEMORY_SOURCE_H

#include "error.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stdint.h>

struct memory_entry {
    uint64_t phys, size;
    uint32_t type;          /* enum boot_memory_type */
    uint32_t firmware_type; /* E820's or EFI's number; UINT32_MAX: none */
};

struct memory_cursor {
    uint64_t place; /* the source's own */
    uint32_t calls;
    bool ended;
};

/* An E820 type as enum boot_memory_type (ACPI 6.5, table 15-374). */
static inline uint32_t memory_type_of_e820(uint32_t e820_type)
{
    switch (e820_type) {
    case 1:
        return BOOT_MEMORY_USABLE;
    case 3:
        return BOOT_MEMORY_ACPI_RECLAIMABLE;
    case 4:
        return BOOT_MEMORY_ACPI_NVS;
    case 5:
        return BOOT_MEMORY_BAD;
    case 7:
        return BOOT_MEMORY_PERSISTENT;
    default:
        return BOOT_MEMORY_RESERVED;
    }
}

/* Chooses the source. *count: an upper bound of the entries that memory_source_next() will yield. */
enum status memory_source_start(uint32_t *count, struct error *error);

/* The next entry, of memory or of a framebuffer that the loader draws on; false at the end. Begin with a zeroed cursor,
 * as often as you like. */
bool memory_source_next(struct memory_cursor *cursor, struct memory_entry *entry);

/* The index-th range that the loader lives in, or that it still reads; false after the last. */
bool memory_source_in_use(unsigned index, uint64_t *phys, uint64_t *size);

#endif
