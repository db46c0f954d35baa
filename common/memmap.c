#include "memmap.h"

#include "checked.h"

/* Ends stay below 2^64, so that they can be written down. No x86_64 has a byte there: physical addresses have at most
 * 52 bits. */
#define MEMMAP_END (UINT64_MAX - PAGE_SIZE + 1)

/* From the most permissive to the most restrictive; a page gets the highest rank of all regions that touch it. */
enum {
    RANK_USABLE,
    RANK_LOADER_IN_USE,
    RANK_LOADER_RECLAIMABLE,
    RANK_KERNEL,
    RANK_RAMDISK,
    RANK_MODULE,
    RANK_ACPI_RECLAIMABLE,
    RANK_PERSISTENT,
    RANK_EFI_RUNTIME_CODE,
    RANK_EFI_RUNTIME_DATA,
    RANK_ACPI_NVS,
    RANK_MMIO,
    RANK_RESERVED,
    RANK_FRAMEBUFFER, /* lies in a range that firmware calls reserved, if anything */
    RANK_BAD,
    RANK_COUNT,
};

static const uint32_t rank_types[RANK_COUNT] = {
    [RANK_USABLE] = BOOT_MEMORY_USABLE,
    [RANK_LOADER_IN_USE] = MEMMAP_LOADER_IN_USE,
    [RANK_LOADER_RECLAIMABLE] = BOOT_MEMORY_LOADER_RECLAIMABLE,
    [RANK_KERNEL] = BOOT_MEMORY_KERNEL,
    [RANK_RAMDISK] = BOOT_MEMORY_RAMDISK,
    [RANK_MODULE] = BOOT_MEMORY_MODULE,
    [RANK_ACPI_RECLAIMABLE] = BOOT_MEMORY_ACPI_RECLAIMABLE,
    [RANK_PERSISTENT] = BOOT_MEMORY_PERSISTENT,
    [RANK_EFI_RUNTIME_CODE] = BOOT_MEMORY_EFI_RUNTIME_CODE,
    [RANK_EFI_RUNTIME_DATA] = BOOT_MEMORY_EFI_RUNTIME_DATA,
    [RANK_ACPI_NVS] = BOOT_MEMORY_ACPI_NVS,
    [RANK_FRAMEBUFFER] = BOOT_MEMORY_FRAMEBUFFER,
    [RANK_MMIO] = BOOT_MEMORY_MMIO,
    [RANK_RESERVED] = BOOT_MEMORY_RESERVED,
    [RANK_BAD] = BOOT_MEMORY_BAD,
};

static unsigned rank_of(uint32_t type)
{
    for (unsigned rank = 0; rank < RANK_COUNT; rank++)
        if (rank_types[rank] == type)
            return rank;
    return RANK_RESERVED; /* a type that we don't know is nothing to touch */
}

enum status memmap_add(struct memmap *map, uint64_t phys, uint64_t size, uint32_t type, uint32_t firmware_type,
                       struct error *error)
{
    if (size == 0 || phys >= MEMMAP_END)
        return STATUS_OK;
    if (size > MEMMAP_END - phys)
        size = MEMMAP_END - phys;
    if (map->count >= map->capacity)
        return error_set(error, STATUS_MAP_TOO_BIG, "memory map: more than the %zu regions there is room for",
                         map->capacity);
    map->regions[map->count++] = (struct boot_memory_region){
        .phys = phys, .size = size, .type = rank_types[rank_of(type)], .firmware_type = firmware_type};
    return STATUS_OK;
}

/* --- sorting ----------------------------------------------------------------------------------------------------- */

/* An event is one end of a region, kept in the same structure: phys is where, size says which end, type is a rank. */
#define EVENT_END 0u
#define EVENT_START 1u

static void sift_down(struct boot_memory_region *heap, size_t root, size_t count)
{
    struct boot_memory_region item = heap[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && heap[child + 1].phys > heap[child].phys)
            child++;
        if (heap[child].phys <= item.phys)
            break;
        heap[root] = heap[child];
    }
    heap[root] = item;
}

static size_t sorted_length(const struct boot_memory_region *events, size_t count)
{
    size_t length = 1;
    while (length < count && events[length - 1].phys <= events[length].phys)
        length++;
    return length;
}

/* In place, no recursion, never worse than n log n whatever order a firmware chose. */
static void heap_sort(struct boot_memory_region *events, size_t count)
{
    for (size_t root = count / 2; root-- > 0;)
        sift_down(events, root, count);
    for (size_t end = count; end-- > 1;) {
        struct boot_memory_region top = events[0];
        events[0] = events[end];
        events[end] = top;
        sift_down(events, 0, end);
    }
}

/* Events [0, count) are sorted, and those of `late`, which go among them: there is room behind. */
static void merge(struct boot_memory_region *events, size_t count, const struct boot_memory_region *late,
                  size_t late_count)
{
    while (late_count > 0) {
        if (count > 0 && events[count - 1].phys > late[late_count - 1].phys) {
            count--;
            events[count + late_count] = events[count];
        } else {
            late_count--;
            events[count + late_count] = late[late_count];
        }
    }
}

/* Most firmware has its map in our order, and behind it come the few regions that are in use: only those are sorted,
 * and merged. `spare` has room for `count` events. */
static void sort_events(struct boot_memory_region *events, size_t count, struct boot_memory_region *spare)
{
    size_t sorted = sorted_length(events, count), late = count - sorted;
    if (sorted >= count)
        return;
    for (size_t i = 0; i < late; i++)
        spare[i] = events[sorted + i];
    heap_sort(spare, late);
    merge(events, sorted, spare, late);
}

/* Turns the map's regions into sorted events at the far end of its storage, out of the way of the results. Before them
 * there is room for as many again (memmap_room), once no region is needed any more. */
static struct boot_memory_region *make_events(struct memmap *map)
{
    struct boot_memory_region *events = map->regions + (map->capacity - 2 * map->count);
    for (size_t i = map->count; i-- > 0;) {
        struct boot_memory_region region = map->regions[i];
        region.type = rank_of(region.type);
        uint64_t end = region.phys + region.size;
        region.size = EVENT_START;
        events[2 * i] = region;
        region.phys = end;
        region.size = EVENT_END;
        events[2 * i + 1] = region;
    }
    sort_events(events, 2 * map->count, map->regions);
    return events;
}

/* --- the sweep --------------------------------------------------------------------------------------------------- */

/* What is known of the regions of one rank: enough to tell, exactly, if their firmware types are all the same. */
struct tally {
    uint64_t count;
    uint64_t sum; /* of firmware types */
    __extension__ unsigned __int128 squares;
};

struct tallies {
    struct tally ranks[RANK_COUNT];
    uint32_t present; /* bit n: those of rank n are not 0 */
};

struct sweep {
    struct memmap *map;                          /* results */
    const struct boot_memory_region *next, *end; /* events to come */
    struct tallies active;                       /* regions that cover the current address */
    struct tallies touched;                      /* regions that have a byte in the current page */
};

static void tally_add(struct tallies *tallies, const struct boot_memory_region *event)
{
    struct tally *tally = &tallies->ranks[event->type];
    uint32_t firmware_type = event->firmware_type;
    tally->count++;
    tally->sum += firmware_type;
    tally->squares += (uint64_t)firmware_type * firmware_type;
    tallies->present |= 1u << event->type;
}

static void tally_remove(struct tallies *tallies, const struct boot_memory_region *event)
{
    struct tally *tally = &tallies->ranks[event->type];
    uint32_t firmware_type = event->firmware_type;
    tally->count--;
    tally->sum -= firmware_type;
    tally->squares -= (uint64_t)firmware_type * firmware_type;
    if (tally->count == 0)
        tallies->present &= ~(1u << event->type);
}

/* n values are equal exactly if n times the sum of their squares is the square of their sum (Cauchy-Schwarz). */
static uint32_t tally_firmware_type(const struct tally *tally)
{
    __extension__ unsigned __int128 square = tally->sum;
    square *= tally->sum;
    if (tally->count == 0 || tally->squares * tally->count != square)
        return UINT32_MAX;
    return (uint32_t)(tally->sum / tally->count);
}

/* RANK_COUNT if there is none. */
static unsigned top_rank(const struct tallies *tallies)
{
    return tallies->present == 0 ? RANK_COUNT : 31u - (unsigned)__builtin_clz(tallies->present);
}

/* Appends whole pages; `rank` may be RANK_COUNT for a hole. */
static void emit(struct memmap *map, uint64_t start, uint64_t end, unsigned rank, uint32_t firmware_type)
{
    if (rank == RANK_COUNT || start == end)
        return;
    if (map->count != 0) {
        struct boot_memory_region *last = &map->regions[map->count - 1];
        if (last->type == rank_types[rank] && last->phys + last->size == start) {
            last->size += end - start;
            if (last->firmware_type != firmware_type)
                last->firmware_type = UINT32_MAX;
            return;
        }
    }
    map->regions[map->count++] = (struct boot_memory_region){
        .phys = start, .size = end - start, .type = rank_types[rank], .firmware_type = firmware_type};
}

/* Passes over all events at one address. */
static void apply_events_at(struct sweep *sweep, uint64_t phys)
{
    for (; sweep->next < sweep->end && sweep->next->phys == phys; sweep->next++) {
        const struct boot_memory_region *event = sweep->next;
        if (event->size == EVENT_START) {
            tally_add(&sweep->active, event);
            tally_add(&sweep->touched, event);
        } else {
            tally_remove(&sweep->active, event);
        }
    }
}

/* True if the current address is of a kind that a page of this rank may consist of. */
static bool fills(const struct sweep *sweep, unsigned rank)
{
    if (rank == RANK_LOADER_IN_USE && sweep->active.ranks[RANK_USABLE].count != 0)
        return true;
    return sweep->active.ranks[rank].count != 0;
}

/* The page at `page` has ends of regions inside. It gets the most restrictive type that touches it. RAM that does not
 * fill the page is lost, but stays covered: as RESERVED. */
static void emit_shared_page(struct sweep *sweep, uint64_t page)
{
    static const unsigned inward[] = {RANK_USABLE, RANK_LOADER_IN_USE, RANK_PERSISTENT};
    bool filled[] = {true, true, true};

    for (unsigned i = 0; i < 3; i++)
        filled[i] = fills(sweep, inward[i]);
    while (sweep->next < sweep->end && sweep->next->phys - page < PAGE_SIZE) {
        apply_events_at(sweep, sweep->next->phys);
        for (unsigned i = 0; i < 3; i++)
            filled[i] = filled[i] && fills(sweep, inward[i]);
    }
    unsigned top = top_rank(&sweep->touched);
    for (unsigned i = 0; i < 3; i++) {
        if (top == inward[i] && !filled[i]) {
            emit(sweep->map, page, page + PAGE_SIZE, RANK_RESERVED, UINT32_MAX);
            return;
        }
    }
    emit(sweep->map, page, page + PAGE_SIZE, top, tally_firmware_type(&sweep->touched.ranks[top]));
}

static void sweep_run(struct sweep *sweep)
{
    uint64_t done = 0; /* everything below is in the results */
    while (sweep->next < sweep->end) {
        uint64_t page = align_down(sweep->next->phys, PAGE_SIZE);
        unsigned top = top_rank(&sweep->active);
        if (done < page && top != RANK_COUNT)
            emit(sweep->map, done, page, top, tally_firmware_type(&sweep->active.ranks[top]));
        done = page;
        apply_events_at(sweep, page);
        if (sweep->next == sweep->end || sweep->next->phys - page >= PAGE_SIZE)
            continue;
        __builtin_memcpy(&sweep->touched, &sweep->active, sizeof sweep->touched);
        emit_shared_page(sweep, page);
        done = page + PAGE_SIZE;
    }
}

enum status memmap_normalise(struct memmap *map, struct error *error)
{
    if (map->count > (SIZE_MAX >> 3) || map->capacity < memmap_room(map->count))
        return error_set(error, STATUS_MAP_TOO_BIG, "memory map: %zu regions can't be sorted in the room for %zu",
                         map->count, map->capacity);
    struct sweep sweep = {.map = map, .next = make_events(map), .end = map->regions + map->capacity};
    map->count = 0;
    sweep_run(&sweep);
    return STATUS_OK;
}

bool memmap_type_at(const struct memmap *map, uint64_t phys, uint32_t *type)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct boot_memory_region *region = &map->regions[middle];
        if (phys < region->phys) {
            high = middle;
        } else if (phys - region->phys >= region->size) {
            low = middle + 1;
        } else {
            *type = region->type;
            return true;
        }
    }
    return false;
}

uint32_t memmap_e820_type(uint32_t type)
{
    switch (type) {
    case BOOT_MEMORY_USABLE:
    case BOOT_MEMORY_LOADER_RECLAIMABLE:
        return 1;
    case BOOT_MEMORY_ACPI_RECLAIMABLE:
        return 3;
    case BOOT_MEMORY_ACPI_NVS:
        return 4;
    case BOOT_MEMORY_BAD:
        return 5;
    case BOOT_MEMORY_PERSISTENT:
        return 7;
    default:
        return 2;
    }
}
