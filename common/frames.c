#include "frames.h"

#include "checked.h"
#include "firmware.h"
#include "format.h"

#define FRAMES_LOWEST (1ull << 20) /* the first MiB is the kernel's, for starting its other CPUs */
#define FRAMES_TRIES 64            /* a firmware that takes memory while we look for it gets this many chances */

enum status frames_init(struct frames *frames, struct error *error)
{
    frames->claim_count = 0;
    return firmware_memory_map(&frames->map, error);
}

/* The lowest address at or above `from` that is `offset` past a multiple of `alignment`. */
static bool next_fitting(uint64_t from, const struct frames_wish *wish, uint64_t *phys)
{
    uint64_t base = from > wish->offset ? from - wish->offset : 0;
    return align_up_ok(base, wish->alignment, &base) && add_ok(base, wish->offset, phys);
}

/* The end of a claim that overlaps [phys, phys + size); 0 if none does. */
static uint64_t claimed_until(const struct frames *frames, uint64_t phys, uint64_t size)
{
    for (size_t i = 0; i < frames->claim_count; i++) {
        const struct frames_claim *claim = &frames->claims[i];
        uint64_t end = claim->phys + claim->pages * PAGE_SIZE;
        if (phys < end && claim->phys < phys + size)
            return end;
    }
    return 0;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Looks for the wish's lowest place inside [start, end), around our own claims. */
static bool fit_between(const struct frames *frames, const struct frames_wish *wish, uint64_t start, uint64_t end,
                        uint64_t *phys)
{
    uint64_t size = wish->pages * PAGE_SIZE, at;
    while (next_fitting(start, wish, &at) && range_ok(at, size, end)) {
        uint64_t taken = claimed_until(frames, at, size);
        if (taken == 0) {
            *phys = at;
            return true;
        }
        start = taken;
    }
    return false;
}

static bool find_free(const struct frames *frames, const struct frames_wish *wish, uint64_t from, uint64_t *phys)
{
    uint64_t limit = wish->below != 0 ? wish->below : UINT64_MAX;
    for (size_t i = 0; i < frames->map.count; i++) {
        const struct boot_memory_region *region = &frames->map.regions[i];
        uint64_t start = higher(region->phys, from), end = lower(region->phys + region->size, limit);
        if (region->type == BOOT_MEMORY_USABLE && start < end && fit_between(frames, wish, start, end, phys))
            return true;
    }
    return false;
}

/* --- the message when memory runs out ---------------------------------------------------------------------------- */

struct hole {
    uint64_t phys, size;
};

/* Widens `largest` by the free pieces of [start, end), which our claims cut. */
static void look_between(const struct frames *frames, uint64_t start, uint64_t end, struct hole *largest)
{
    while (start < end) {
        uint64_t stop = end, resume = end;
        for (size_t i = 0; i < frames->claim_count; i++) {
            const struct frames_claim *claim = &frames->claims[i];
            uint64_t claim_end = claim->phys + claim->pages * PAGE_SIZE;
            if (claim_end > start && claim->phys < stop) {
                stop = higher(claim->phys, start);
                resume = claim_end;
            }
        }
        if (stop - start > largest->size)
            *largest = (struct hole){start, stop - start};
        start = resume;
    }
}

static struct hole largest_free(const struct frames *frames, uint64_t below)
{
    struct hole largest = {0, 0};
    for (size_t i = 0; i < frames->map.count; i++) {
        const struct boot_memory_region *region = &frames->map.regions[i];
        if (region->type == BOOT_MEMORY_USABLE)
            look_between(frames, higher(region->phys, FRAMES_LOWEST),
                         lower(region->phys + region->size, below != 0 ? below : UINT64_MAX), &largest);
    }
    return largest;
}

struct amount {
    char text[32];
};

static struct amount amount(uint64_t bytes)
{
    struct amount amount;
    bool mib = bytes != 0 && is_aligned(bytes, 1u << 20);
    format(amount.text, sizeof amount.text, "%llu %s", (unsigned long long)(bytes >> (mib ? 20 : 10)),
           mib ? "MiB" : "KiB");
    return amount;
}

static enum status out_of_memory(const struct frames *frames, const struct frames_wish *wish, struct error *error)
{
    struct hole largest = largest_free(frames, wish->below);
    bool countable = wish->pages <= UINT64_MAX / PAGE_SIZE;
    struct amount wanted = amount(countable ? wish->pages * PAGE_SIZE : UINT64_MAX), free = amount(largest.size);
    struct amount alignment = amount(wish->alignment), below = amount(wish->below);
    return error_set(error, STATUS_OUT_OF_MEMORY,
                     "%s: %s of memory wanted, aligned to %s%s%s; the largest free block has %s, at %#llx: give the "
                     "machine more memory",
                     wish->what, wanted.text, alignment.text, wish->below != 0 ? ", below " : "",
                     wish->below != 0 ? below.text : "", free.text, (unsigned long long)largest.phys);
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

static void record(struct frames *frames, const struct frames_wish *wish, uint64_t phys)
{
    frames->claims[frames->claim_count++] =
        (struct frames_claim){.phys = phys, .pages = wish->pages, .type = wish->type};
}

/* Claims what the map says is free. Where firmware was faster, a fresh map shows the next place; a firmware that
 * refuses memory which its map still calls free is not asked for the same place again. */
static enum status take_somewhere(struct frames *frames, const struct frames_wish *wish, uint64_t *phys,
                                  struct error *error)
{
    uint64_t from = FRAMES_LOWEST, at, refused = 0;
    for (unsigned i = 0; i < FRAMES_TRIES; i++) {
        if (!find_free(frames, wish, from, &at))
            return out_of_memory(frames, wish, error);
        if (at == refused) {
            from = at + wish->pages * PAGE_SIZE;
            continue;
        }
        enum status status = firmware_claim(at, wish->pages, error);
        if (status == STATUS_OK) {
            record(frames, wish, at);
            *phys = at;
            return STATUS_OK;
        }
        if (status != STATUS_BUSY)
            return error_prefix(error, "%s", wish->what);
        refused = at;
        status = firmware_memory_map(&frames->map, error);
        if (status != STATUS_OK)
            return status;
    }
    return out_of_memory(frames, wish, error);
}

enum status frames_take(struct frames *frames, const struct frames_wish *wish, uint64_t *phys, struct error *error)
{
    if (wish->pages == 0 || !is_power_of_two(wish->alignment) || wish->alignment < PAGE_SIZE ||
        wish->offset >= wish->alignment || !is_aligned(wish->offset, PAGE_SIZE))
        return error_set(error, STATUS_INTERNAL, "%s: impossible wish for memory: %llu pages, alignment %#llx + %#llx",
                         wish->what, (unsigned long long)wish->pages, (unsigned long long)wish->alignment,
                         (unsigned long long)wish->offset);
    if (frames->claim_count == FRAMES_CLAIM_LIMIT)
        return error_set(error, STATUS_INTERNAL, "%s: more than %u blocks of memory", wish->what, FRAMES_CLAIM_LIMIT);
    if (wish->pages > UINT64_MAX / PAGE_SIZE)
        return out_of_memory(frames, wish, error);
    struct frames_wish now = *wish;
    enum status status = take_somewhere(frames, &now, phys, error);
    while (status == STATUS_OUT_OF_MEMORY && wish->prefers && now.alignment > PAGE_SIZE) {
        now.alignment = now.alignment > SIZE_2M ? SIZE_2M : PAGE_SIZE;
        now.offset &= now.alignment - 1;
        status = take_somewhere(frames, &now, phys, error);
    }
    return status;
}

enum status frames_avoid(struct frames *frames, uint64_t phys, uint64_t size, uint32_t type, struct error *error)
{
    uint64_t start = align_down(phys, PAGE_SIZE), end;
    if (size == 0)
        return STATUS_OK;
    if (frames->claim_count == FRAMES_CLAIM_LIMIT || !add_ok(phys, size, &end) || !align_up_ok(end, PAGE_SIZE, &end))
        return error_set(error, STATUS_INTERNAL, "memory in use: %#llx bytes at %#llx, after %zu blocks",
                         (unsigned long long)size, (unsigned long long)phys, frames->claim_count);
    frames->claims[frames->claim_count++] =
        (struct frames_claim){.phys = start, .pages = (end - start) / PAGE_SIZE, .type = type};
    return STATUS_OK;
}

enum status frames_overlay(const struct frames *frames, struct memmap *map, struct error *error)
{
    for (size_t i = 0; i < frames->claim_count; i++) {
        const struct frames_claim *claim = &frames->claims[i];
        if (claim->type == BOOT_MEMORY_USABLE)
            continue; /* scratch memory is free again; saying so would blur the firmware's type */
        enum status status = memmap_add(map, claim->phys, claim->pages * PAGE_SIZE, claim->type, UINT32_MAX, error);
        if (status != STATUS_OK)
            return status;
    }
    return memmap_normalise(map, error);
}
