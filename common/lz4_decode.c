#include "lz4_decode.h"

#include "memory.h"

#define MATCH_MIN 4u  /* the format's shortest match */
#define LENGTH_MAX 15 /* of a token's four bits: more bytes of the length follow */

struct lz4 {
    const uint8_t *from, *from_end;
    uint8_t *to, *to_start, *to_end;
};

/* The bytes that continue a length: each 255 says that another follows. The sum can't overflow: it is at most 255 times
 * the block's size. */
static bool take_length(struct lz4 *lz4, size_t *length)
{
    uint8_t byte;
    do {
        if (lz4->from == lz4->from_end)
            return false;
        byte = *lz4->from++;
        *length += byte;
    } while (byte == 255);
    return true;
}

static inline void copy_8(uint8_t *to, const uint8_t *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    __builtin_memcpy(to, &word, sizeof word);
}

/* Most runs are a few bytes long. A string instruction costs more than they do, so these go by whole words as long as
 * both ranges have room behind the run; what a word writes too much is overwritten by the next run. */
static bool copy_literals(struct lz4 *lz4, size_t length)
{
    size_t from_room = (size_t)(lz4->from_end - lz4->from), to_room = (size_t)(lz4->to_end - lz4->to);
    if (length > from_room || length > to_room)
        return false;
    if (length <= 64 && from_room - length >= 8 && to_room - length >= 8)
        for (size_t i = 0; i < length; i += 8)
            copy_8(lz4->to + i, lz4->from + i);
    else
        memcpy(lz4->to, lz4->from, length);
    lz4->from += length;
    lz4->to += length;
    return true;
}

/* A match may reach into what it writes itself: then it repeats its first `distance` bytes. */
static bool copy_match(struct lz4 *lz4, size_t distance, size_t length)
{
    size_t room = (size_t)(lz4->to_end - lz4->to);
    if (distance == 0 || distance > (size_t)(lz4->to - lz4->to_start) || length > room)
        return false;
    uint8_t *to = lz4->to;
    const uint8_t *from = to - distance;
    lz4->to += length;
    if (distance == 1)
        memset(to, *from, length);
    else if (distance >= length && length > 64)
        memcpy(to, from, length);
    else if (distance >= 8 && room - length >= 8)
        for (size_t i = 0; i < length; i += 8)
            copy_8(to + i, from + i);
    else
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
    return true;
}

static bool take_match(struct lz4 *lz4, uint8_t token)
{
    if (lz4->from_end - lz4->from < 2)
        return false;
    size_t distance = (size_t)(lz4->from[0] | lz4->from[1] << 8), length = token & LENGTH_MAX;
    lz4->from += 2;
    if (length == LENGTH_MAX && !take_length(lz4, &length))
        return false;
    return copy_match(lz4, distance, length + MATCH_MIN);
}

bool lz4_decode(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    struct lz4 lz4 = {from, from + from_size, to, to, to + to_size};
    while (lz4.from != lz4.from_end) {
        uint8_t token = *lz4.from++;
        size_t literals = token >> 4;
        if (literals == LENGTH_MAX && !take_length(&lz4, &literals))
            return false;
        if (!copy_literals(&lz4, literals))
            return false;
        if (lz4.from == lz4.from_end) /* the last sequence has no match */
            return lz4.to == lz4.to_end;
        if (!take_match(&lz4, token))
            return false;
    }
    return false; /* nothing at all, or an end behind a match */
}
