#include "address_space.h"

#include "checked.h"

/* 4-level paging translates 48 bits (Intel SDM 3A, 4.5.4): the addresses in between do not exist. */
#define LOWER_HALF_LAST 0x00007fffffffffffull
#define UPPER_HALF_START 0xffff800000000000ull

void address_space_init(struct address_space *space, uint64_t dynamic_start, uint64_t dynamic_end)
{
    space->dynamic_start = dynamic_start;
    space->dynamic_end = dynamic_end;
    space->count = 0;
}

static unsigned long long wide(uint64_t value)
{
    return value;
}

/* The first range that ends at or after `address`; its index may be `count`. */
static size_t first_ending_after(const struct address_space *space, uint64_t address)
{
    size_t low = 0, high = space->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (space->ranges[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The range that has an address in common with [start, last], or NULL. */
static const struct address_range *range_inside(const struct address_space *space, uint64_t start, uint64_t last)
{
    size_t i = first_ending_after(space, start);
    return i < space->count && space->ranges[i].start <= last ? &space->ranges[i] : NULL;
}

/* Called with free addresses only. */
static enum status insert(struct address_space *space, uint64_t start, uint64_t size, const char *name,
                          struct error *error)
{
    if (space->count == ADDRESS_SPACE_LIMIT)
        return error_set(error, STATUS_ADDRESS_EXHAUSTED, "%s: the address space has %u ranges already, its limit",
                         name, ADDRESS_SPACE_LIMIT);
    size_t index = first_ending_after(space, start);
    for (size_t i = space->count++; i > index; i--)
        space->ranges[i] = space->ranges[i - 1];

    struct address_range *range = &space->ranges[index];
    *range = (struct address_range){.start = start, .last = start + (size - 1)};
    for (size_t i = 0; i + 1 < sizeof range->name && name[i] != '\0'; i++)
        range->name[i] = name[i];
    return STATUS_OK;
}

/* True if [start, last] is a range of existing addresses. */
static bool in_one_half(uint64_t start, uint64_t last)
{
    return start <= last && (last <= LOWER_HALF_LAST || start >= UPPER_HALF_START);
}

enum status address_space_fix(struct address_space *space, uint64_t address, uint64_t size, const char *name,
                              struct error *error)
{
    if (size == 0 || !is_aligned(address | size, PAGE_SIZE))
        return error_set(error, STATUS_ADDRESS_INVALID, "%s: %#llx bytes at %#llx are not whole pages of 4 KiB", name,
                         wide(size), wide(address));
    uint64_t last = address + (size - 1);
    if (!in_one_half(address, last))
        return error_set(error, STATUS_ADDRESS_INVALID,
                         "%s: %#llx bytes at %#llx do not lie inside 0..%#llx or %#llx..%#llx", name, wide(size),
                         wide(address), LOWER_HALF_LAST, UPPER_HALF_START, wide(UINT64_MAX));
    const struct address_range *other = range_inside(space, address, last);
    if (other != NULL)
        return error_set(error, STATUS_ADDRESS_COLLISION, "%s at %#llx..%#llx collides with %s at %#llx..%#llx", name,
                         wide(address), wide(last), other->name, wide(other->start), wide(other->last));
    return insert(space, address, size, name, error);
}

/* A free place that is asked for: at `offset` past a multiple of `alignment`. */
struct place {
    uint64_t size, alignment, offset;
};

/* The lowest such address at or above `from`. */
static bool next_fitting(const struct place *place, uint64_t from, uint64_t *address)
{
    uint64_t base = from > place->offset ? from - place->offset : 0;
    return align_up_ok(base, place->alignment, &base) && add_ok(base, place->offset, address);
}

/* Tells whether `address` is free with a page on either side; else *next is where to look again. */
static bool is_free(const struct address_space *space, const struct place *place, uint64_t address, uint64_t *next)
{
    uint64_t last = address + (place->size - 1);
    uint64_t before = address == UPPER_HALF_START ? address : address - PAGE_SIZE;
    uint64_t behind = last > UINT64_MAX - PAGE_SIZE ? UINT64_MAX : last + PAGE_SIZE;
    const struct address_range *other = range_inside(space, before, behind);
    if (other == NULL)
        return true;
    if (!add_ok(other->last, 1 + PAGE_SIZE, next))
        *next = UINT64_MAX; /* nothing fits behind it any more */
    return false;
}

static bool find_free(const struct address_space *space, const struct place *place, uint64_t *address)
{
    uint64_t from = space->dynamic_start < PAGE_SIZE ? PAGE_SIZE : space->dynamic_start, at;
    while (next_fitting(place, from, &at) && range_ok(at, place->size, space->dynamic_end)) {
        if (!in_one_half(at, at + (place->size - 1))) {
            from = UPPER_HALF_START;
        } else if (is_free(space, place, at, &from)) {
            *address = at;
            return true;
        }
    }
    return false;
}

static enum status check_place(const struct place *place, const char *name, struct error *error)
{
    if (place->size != 0 && is_aligned(place->size | place->offset, PAGE_SIZE) && is_power_of_two(place->alignment) &&
        place->alignment >= PAGE_SIZE && place->offset < place->alignment)
        return STATUS_OK;
    return error_set(error, STATUS_INTERNAL, "%s: impossible wish for addresses: size %#llx, alignment %#llx + %#llx",
                     name, wide(place->size), wide(place->alignment), wide(place->offset));
}

static enum status exhausted(const struct address_space *space, const struct place *place, const char *name,
                             struct error *error)
{
    return error_set(error, STATUS_ADDRESS_EXHAUSTED,
                     "%s: no %#llx free bytes, aligned to %#llx, in the dynamic range %#llx..%#llx: widen it", name,
                     wide(place->size), wide(place->alignment), wide(space->dynamic_start), wide(space->dynamic_end));
}

enum status address_space_place(struct address_space *space, uint64_t size, uint64_t alignment, uint64_t offset,
                                const char *name, uint64_t *address, struct error *error)
{
    struct place place = {size, alignment, offset};
    uint64_t found = 0;
    enum status status = check_place(&place, name, error);
    if (status == STATUS_OK && !find_free(space, &place, &found))
        status = exhausted(space, &place, name, error);
    if (status == STATUS_OK)
        status = insert(space, found, size, name, error);
    if (status == STATUS_OK)
        *address = found;
    return status;
}

/* --- at random --------------------------------------------------------------------------------------------------- */

/* The free addresses [*start, *end) before range `index` (behind the last, if that is no range), without the pages that
 * stay free on either side; empty if *start >= *end. */
static void gap_before(const struct address_space *space, size_t index, uint64_t *start, uint64_t *end)
{
    *start = space->dynamic_start < PAGE_SIZE ? PAGE_SIZE : space->dynamic_start;
    *end = space->dynamic_end;
    if (index < space->count) {
        uint64_t limit = space->ranges[index].start < PAGE_SIZE ? 0 : space->ranges[index].start - PAGE_SIZE;
        if (limit < *end)
            *end = limit;
    }
    uint64_t behind;
    if (index == 0)
        return;
    if (!add_ok(space->ranges[index - 1].last, 1 + PAGE_SIZE, &behind))
        behind = UINT64_MAX;
    if (behind > *start)
        *start = behind;
}

/* How many places there are inside [start, end), and the first of them. */
static uint64_t places_inside(const struct place *place, uint64_t start, uint64_t end, uint64_t *first)
{
    if (start >= end || !next_fitting(place, start, first) || !range_ok(*first, place->size, end))
        return 0;
    return (end - *first - place->size) / place->alignment + 1;
}

/* Counts the places of all gaps; with `address`, finds the one of that number. A gap may reach over the addresses that
 * do not exist. */
static uint64_t walk_places(const struct address_space *space, const struct place *place, uint64_t number,
                            uint64_t *address)
{
    uint64_t count = 0, start, end, first;
    for (size_t i = 0; i < 2 * (space->count + 1); i++) {
        gap_before(space, i / 2, &start, &end);
        if (i % 2 == 0 && end > LOWER_HALF_LAST + 1)
            end = LOWER_HALF_LAST + 1;
        if (i % 2 == 1 && start < UPPER_HALF_START)
            start = UPPER_HALF_START;
        uint64_t places = places_inside(place, start, end, &first);
        if (address != NULL && number - count < places) {
            *address = first + (number - count) * place->alignment;
            return number;
        }
        count += places;
    }
    return count;
}

enum status address_space_draw(struct address_space *space, uint64_t size, uint64_t alignment, uint64_t offset,
                               const char *name, struct random *random, struct address_draw *draw, struct error *error)
{
    struct place place = {size, alignment, offset};
    uint64_t found = 0;
    enum status status = check_place(&place, name, error);
    if (status != STATUS_OK)
        return status;
    uint64_t count = walk_places(space, &place, 0, NULL);
    if (count == 0)
        return exhausted(space, &place, name, error);
    walk_places(space, &place, random_below(random, count), &found);
    status = insert(space, found, size, name, error);
    if (status == STATUS_OK)
        *draw = (struct address_draw){found, count};
    return status;
}
