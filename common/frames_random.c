/* Blocks of memory at places that nobody can foretell. */
#include "frames.h"

#include "checked.h"

#define DRAWS 64u
#define SPARE_END (4 * SIZE_1G)

/* The free memory inside the piece that may be taken: [start, end). */
static void narrow(const struct frames_piece *piece, uint64_t below, uint64_t *start, uint64_t *end)
{
    *start = piece->start > FRAMES_LOWEST ? piece->start : FRAMES_LOWEST;
    *end = below != 0 && piece->end > below ? below : piece->end;
}

/* Counts the places of all pieces; with `phys`, finds the one of that number. */
static uint64_t walk_places(const struct frames *frames, const struct frames_wish *wish, uint64_t number,
                            uint64_t *phys)
{
    uint64_t count = 0, size = wish->pages * PAGE_SIZE, start, end, first;
    for (struct frames_piece piece = {0}; frames_next_piece(frames, &piece);) {
        narrow(&piece, wish->below, &start, &end);
        if (start >= end || !frames_next_fitting(start, wish, &first) || !range_ok(first, size, end))
            continue;
        uint64_t places = (end - first - size) / wish->alignment + 1;
        if (phys != NULL && number - count < places) {
            *phys = first + (number - count) * wish->alignment;
            return number;
        }
        count += places;
    }
    return count;
}

/* Whether [phys, phys + size), once taken, leaves a piece of `spare` bytes below 4 GiB. */
static bool leaves_spare(const struct frames *frames, uint64_t phys, uint64_t size, uint64_t spare)
{
    uint64_t start, end;
    for (struct frames_piece piece = {0}; frames_next_piece(frames, &piece);) {
        narrow(&piece, SPARE_END, &start, &end);
        bool inside = phys < end && phys + size > start;
        if (!inside && range_ok(start, spare, end))
            return true;
        if (inside && ((phys > start && phys - start >= spare) || range_ok(phys + size, spare, end)))
            return true;
    }
    return false;
}

bool frames_draw(const struct frames *frames, const struct frames_wish *wish, uint64_t *phys)
{
    uint64_t count = walk_places(frames, wish, 0, NULL), at = 0;
    for (unsigned i = 0; i < DRAWS && count > 0; i++) {
        walk_places(frames, wish, random_below(wish->random, count), &at);
        if (leaves_spare(frames, at, wish->pages * PAGE_SIZE, wish->spare)) {
            *phys = at;
            return true;
        }
    }
    return false;
}
