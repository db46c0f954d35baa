#include "memory_map.h"

#include "checked.h"
#include "firmware.h"
#include "identity_map.h"
#include "memory_source.h"

#include <stddef.h>

#define PIECES_MAX 4
#define PIECE_LOWEST (1ull << 20)

/* The source is read once and kept: storage for the maps, and frames for further identity tables, are a piece of memory
 * cut out of the map itself. */
static struct memmap raw, shown;
static struct memory_piece {
    uint64_t phys, size;
} pieces[PIECES_MAX];
static unsigned piece_count;

static bool overlaps(const struct memory_entry *entry, uint64_t start, uint64_t size)
{
    return entry->phys < start + size && (entry->phys > start || start - entry->phys < entry->size);
}

static bool move_below(uint64_t *start, uint64_t size, uint64_t lowest, uint64_t obstacle)
{
    if (obstacle < lowest || obstacle - lowest < size)
        return false;
    *start = align_down(obstacle - size, PAGE_SIZE);
    return true;
}

/* An obstacle in [start, start + size): memory that is not usable, the loader's own, another piece. */
static bool find_obstacle(uint64_t start, uint64_t size, uint64_t *obstacle)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    while (memory_source_next(&cursor, &entry)) {
        *obstacle = entry.phys;
        if (entry.type != BOOT_MEMORY_USABLE && overlaps(&entry, start, size))
            return true;
    }
    for (unsigned i = 0; memory_source_in_use(i, &entry.phys, &entry.size); i++) {
        *obstacle = entry.phys;
        if (overlaps(&entry, start, size))
            return true;
    }
    for (unsigned i = 0; i < piece_count; i++) {
        entry = (struct memory_entry){.phys = pieces[i].phys, .size = pieces[i].size};
        *obstacle = entry.phys;
        if (overlaps(&entry, start, size))
            return true;
    }
    return false;
}

/* Moves `start` down until [start, start + size) touches nothing but free memory; false when that is below `lowest`. */
static bool clear_of_others(uint64_t *start, uint64_t size, uint64_t lowest)
{
    uint64_t obstacle;
    while (find_obstacle(*start, size, &obstacle))
        if (!move_below(start, size, lowest, obstacle))
            return false;
    return true;
}

/* The highest place in a usable region, below 4 GiB; 0: none. */
static uint64_t place_in(const struct memory_entry *entry, uint64_t size)
{
    uint64_t start, end;
    if (entry->type != BOOT_MEMORY_USABLE || !align_up_ok(entry->phys, PAGE_SIZE, &start))
        return 0;
    start = start > PIECE_LOWEST ? start : PIECE_LOWEST;
    end = add_ok(entry->phys, entry->size, &end) && end < IDENTITY_MAP_END ? end : IDENTITY_MAP_END;
    end = align_down(end, PAGE_SIZE);
    if (start >= end || end - start < size)
        return 0;
    uint64_t place = end - size;
    return clear_of_others(&place, size, start) ? place : 0;
}

enum status memory_map_take(uint64_t bytes, uint64_t *phys, struct error *error)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    uint64_t highest = 0, size;
    if (piece_count == PIECES_MAX || !align_up_ok(bytes, PAGE_SIZE, &size))
        return error_set(error, STATUS_INTERNAL, "%llu bytes for the loader, after %u pieces",
                         (unsigned long long)bytes, piece_count);
    while (memory_source_next(&cursor, &entry)) {
        uint64_t place = place_in(&entry, size);
        highest = place > highest ? place : highest;
    }
    if (highest == 0)
        return error_set(
            error, STATUS_OUT_OF_MEMORY,
            "no %llu KiB of free memory between 1 MiB and 4 GiB for the loader: give the machine more memory",
            (unsigned long long)(size / 1024));
    pieces[piece_count++] = (struct memory_piece){highest, size};
    *phys = highest;
    return STATUS_OK;
}

/* Frames for tables of all the memory above 4 GiB that anyone may ask firmware_map() for. */
static uint64_t count_table_frames(void)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    uint64_t frames = 0, end;
    while (memory_source_next(&cursor, &entry)) {
        if (entry.type == BOOT_MEMORY_RESERVED || entry.type == BOOT_MEMORY_BAD)
            continue;
        if (add_ok(entry.phys, entry.size, &end) && end > IDENTITY_MAP_END)
            frames += identity_map_frames(entry.phys > IDENTITY_MAP_END ? entry.phys : IDENTITY_MAP_END, end);
    }
    return frames;
}

static enum status keep_raw(struct error *error)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && memory_source_next(&cursor, &entry))
        status = memmap_add(&raw, entry.phys, entry.size, entry.type, entry.firmware_type, error);
    return status;
}

static size_t count_in_use(void)
{
    size_t count = 0;
    uint64_t phys, size;
    while (memory_source_in_use((unsigned)count, &phys, &size))
        count++;
    return count;
}

static enum status read_raw(struct error *error)
{
    uint32_t count;
    uint64_t phys;
    enum status status = memory_source_start(&count, error);
    if (status != STATUS_OK)
        return status;
    size_t shown_room = memmap_room(count + count_in_use() + PIECES_MAX);
    uint64_t tables = count_table_frames() * PAGE_SIZE;
    status = memory_map_take(tables + (count + shown_room) * sizeof(struct boot_memory_region), &phys, error);
    if (status != STATUS_OK)
        return status;
    struct boot_memory_region *storage = (struct boot_memory_region *)(uintptr_t)(phys + tables);
    identity_map_room(phys, tables / PAGE_SIZE);
    raw = (struct memmap){storage, 0, count};
    shown = (struct memmap){storage + count, 0, shown_room};
    return keep_raw(error);
}

enum status memory_map_final(struct memmap *map, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < raw.count; i++) {
        const struct boot_memory_region *region = &raw.regions[i];
        status = memmap_add(map, region->phys, region->size, region->type, region->firmware_type, error);
    }
    return status;
}

static enum status add_in_use(struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t phys, size;
    for (unsigned i = 0; status == STATUS_OK && memory_source_in_use(i, &phys, &size); i++)
        status = memmap_add(&shown, phys, size, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    for (unsigned i = 0; status == STATUS_OK && i < piece_count; i++)
        status = memmap_add(&shown, pieces[i].phys, pieces[i].size, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    return status;
}

enum status memory_map_start(struct error *error)
{
    return raw.count == 0 ? read_raw(error) : STATUS_OK;
}

enum status firmware_memory_map(struct memmap *map, struct error *error)
{
    enum status status = memory_map_start(error);
    shown.count = 0;
    if (status == STATUS_OK)
        status = memory_map_final(&shown, error);
    if (status == STATUS_OK)
        status = add_in_use(error);
    if (status == STATUS_OK)
        status = memmap_normalise(&shown, error);
    if (status == STATUS_OK)
        *map = shown;
    return status;
}

/* Nobody else takes memory on these machines, so the caller's own books are all that is needed. */
enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *error)
{
    for (size_t i = 0; i < shown.count; i++) {
        const struct boot_memory_region *region = &shown.regions[i];
        if (region->type == BOOT_MEMORY_USABLE && phys >= region->phys &&
            range_ok(phys - region->phys, pages * PAGE_SIZE, region->size))
            return STATUS_OK;
    }
    return error_set(error, STATUS_BUSY, "memory at %#llx is not free", (unsigned long long)phys);
}

size_t firmware_memory_map_room(void)
{
    return raw.count;
}
