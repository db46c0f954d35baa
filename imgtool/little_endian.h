/* Numbers in the bytes of a file or disk, lowest byte first. */
#ifndef STAGECOACH_IMGTOOL_LITTLE_ENDIAN_H
#define STAGECOACH_IMGTOOL_LITTLE_ENDIAN_H

#include <stdint.h>
#include <string.h>

/* Of `size` bytes, at most 4. */
static inline uint32_t little_endian(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

#endif
