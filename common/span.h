/* Bytes from outside: a start and a length, read only through checked accessors (little endian, any alignment). */
#ifndef STAGECOACH_SPAN_H
#define STAGECOACH_SPAN_H

#include "checked.h"

#include <stddef.h>

struct span {
    const uint8_t *data;
    uint64_t size;
};

/* The part [offset, offset + size) of a span, or false if it is not wholly inside. */
static inline bool span_part(struct span whole, uint64_t offset, uint64_t size, struct span *part)
{
    if (!range_ok(offset, size, whole.size))
        return false;
    part->data = whole.data + offset;
    part->size = size;
    return true;
}

#define SPAN_READER(bits)                                                                                              \
    static inline bool span_u##bits(struct span span, uint64_t offset, uint##bits##_t *value)                          \
    {                                                                                                                  \
        struct span part;                                                                                              \
        if (!span_part(span, offset, sizeof *value, &part))                                                            \
            return false;                                                                                              \
        __builtin_memcpy(value, part.data, sizeof *value);                                                             \
        return true;                                                                                                   \
    }
SPAN_READER(8)
SPAN_READER(16)
SPAN_READER(32)
SPAN_READER(64)
#undef SPAN_READER

/* Two bytes in the order of the network. */
static inline uint16_t span_network16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

#endif
