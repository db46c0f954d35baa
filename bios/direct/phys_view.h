/* Physical memory that a parser may look at: in the loader nearly all below 4 GiB, on the host a buffer. */
#ifndef STAGECOACH_BIOS_DIRECT_PHYS_VIEW_H
#define STAGECOACH_BIOS_DIRECT_PHYS_VIEW_H

#include "checked.h"
#include "memory.h"

#include <stddef.h>

struct phys_view {
    const uint8_t *memory; /* holds physical addresses [start, start + size) */
    uint64_t start, size;
};

/* The bytes [phys, phys + size), or NULL if they are not all in view. */
static inline const uint8_t *phys_view_at(const struct phys_view *view, uint64_t phys, uint64_t size)
{
    if (phys < view->start || !range_ok(phys - view->start, size, view->size))
        return NULL;
    return view->memory + (phys - view->start);
}

/* Little-endian numbers at any alignment. */
static inline uint16_t load16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
