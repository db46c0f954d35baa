/* Overflow-safe arithmetic and alignment on untrusted numbers. Each *_ok returns false, and writes nothing, if the
 * true result does not fit. */
#ifndef STAGECOACH_CHECKED_H
#define STAGECOACH_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE 4096ull
#define SIZE_2M (2ull << 20)
#define SIZE_1G (1ull << 30)

static inline bool add_ok(uint64_t a, uint64_t b, uint64_t *sum)
{
    uint64_t result;
    if (__builtin_add_overflow(a, b, &result))
        return false;
    *sum = result;
    return true;
}

static inline bool mul_ok(uint64_t a, uint64_t b, uint64_t *product)
{
    uint64_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return false;
    *product = result;
    return true;
}

static inline bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

/* alignment: a power of two. False if the aligned value would exceed 2^64 - 1. */
static inline bool align_up_ok(uint64_t value, uint64_t alignment, uint64_t *aligned)
{
    uint64_t sum;
    if (!add_ok(value, alignment - 1, &sum))
        return false;
    *aligned = align_down(sum, alignment);
    return true;
}

/* True if [start, start + len) lies inside [0, limit). */
static inline bool range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

#endif
