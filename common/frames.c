#include "frames.h"

#include "checked.h"
#include "firmware.h"
#include "format.h"

#define FRAMES_TRIES 64 /* a firmware that takes memory while we look for it gets this many chances */

enum status frames_init(struct frames *frames, struct error *error)
{
    frames->claim_count = 0;
    frames->cramped = false;
    return firmware_memory_map(&frames->map, error);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- what is free ------------------------------------------------------------------------------------------------ */

/* The end of a claim that holds `phys`; 0 if none does. */
static uint64_t claimed_until(const struct frames *frames, uint64_t phys)
{
    for (size_t i = 0; i < frames->claim_count; i++) {
        const struct frames_claim *claim = &frames->claims[i];
        uint64_t end = claim->phys + claim->pages * PAGE_SIZE;
        if (claim->phys <= phys && phys < end)
            return end;
    }
    return 0;
}

/* Where the next claim behind `phys`, which is not claimed, begins; `limit` if that is first. */
static uint64_t free_until(const struct frames *frames, uint64_t phys, uint64_t limit)
{
    for (size_t i = 0; i < frames->claim_count; i++)
        if (frames->claims[i].phys > phys)
            limit = lower(limit, frames->claims[i].phys);
    return limit;
}

bool frames_next_piece(const struct frames *frames, struct frames_piece *piece)
{
    for (uint64_t start = piece->end; piece->region < frames->map.count; piece->region++) {
        const struct boot_memory_region *region = &frames->map.regions[piece->region];
        uint64_t end = region->phys + region->size, claimed;
        start = higher(start, region->phys);
        while (start < end && (claimed = claimed_until(frames, start)) != 0)
            start = claimed;
        if (region->type != BOOT_MEMORY_USABLE || start >= end)
            continue;
        piece->start = start;
        piece->end = free_until(frames, start, end);
        return true;
    }
    return false;
}

bool frames_next_fitting(uint64_t from, const struct frames_wish *wish, uint64_t *phys)
{
    uint64_t base = from > wish->offset ? from - wish->offset : 0;
    return align_up_ok(base, wish->alignment, &base) && add_ok(base, wish->offset, phys);
}

static bool find_lowest(const struct frames *frames, const struct frames_wish *wish, uint64_t from, uint64_t *phys)
{
    uint64_t limit = wish->below != 0 ? wish->below : UINT64_MAX, at;
    for (struct frames_piece piece = {0}; frames_next_piece(frames, &piece);) {
        if (frames_next_fitting(higher(piece.start, from), wish, &at) &&
            range_ok(at, wish->pages * PAGE_SIZE, lower(piece.end, limit))) {
            *phys = at;
            return true;
        }
    }
    return false;
}

/* --- the message when memory runs out ---------------------------------------------------------------------------- */

struct hole {
    uint64_t phys, size;
};

static struct hole largest_free(const struct frames *frames, uint64_t below)
{
    struct hole largest = {0, 0};
    for (struct frames_piece piece = {0}; frames_next_piece(frames, &piece);) {
        uint64_t start = higher(piece.start, FRAMES_LOWEST), end = below != 0 ? lower(piece.end, below) : piece.end;
        if (end > start && end - start > largest.size)
            largest = (struct hole){start, end - start};
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

static bool find_highest(const struct frames *frames, const struct frames_wish *wish, uint64_t from, uint64_t *phys)
{
    uint64_t size = wish->pages * PAGE_SIZE;
    bool found = false;
    for (struct frames_piece piece = {0}; frames_next_piece(frames, &piece);) {
        uint64_t lowest = higher(piece.start, from), end = wish->below != 0 ? lower(piece.end, wish->below) : piece.end;
        if (end < size || align_down(end - size, wish->alignment) < lowest)
            continue;
        *phys = align_down(end - size, wish->alignment);
        found = true;
    }
    return found;
}

static bool find_place(struct frames *frames, const struct frames_wish *wish, uint64_t from, uint64_t *phys)
{
    if (wish->random != NULL && frames_draw(frames, wish, phys))
        return true;
    if (wish->highest)
        return find_highest(frames, wish, from, phys);
    bool found = find_lowest(frames, wish, from, phys);
    frames->cramped |= found && wish->random != NULL;
    return found;
}

/* Claims what the map says is free. Where firmware was faster, a fresh map shows the next place; a firmware that
 * refuses memory which its map still calls free is not asked for the same place again. */
static enum status take_somewhere(struct frames *frames, const struct frames_wish *wish, uint64_t *phys,
                                  struct error *error)
{
    uint64_t from = higher(FRAMES_LOWEST, wish->above), at, refused = 0;
    for (unsigned i = 0; i < FRAMES_TRIES; i++) {
        if (!find_place(frames, wish, from, &at))
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

enum status frames_take_pages(struct frames *frames, uint64_t size, uint64_t below, uint32_t type, const char *what,
                              uint64_t *phys, struct error *error)
{
    uint64_t bytes;
    if (!align_up_ok(size, PAGE_SIZE, &bytes))
        return error_set(error, STATUS_OUT_OF_MEMORY, "%s: %llu bytes are more than any machine has", what,
                         (unsigned long long)size);
    struct frames_wish wish = {
        .pages = bytes / PAGE_SIZE, .alignment = PAGE_SIZE, .below = below, .type = type, .what = what};
    return frames_take(frames, &wish, phys, error);
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
