/* The memory operations of common/firmware.h. E820 is read once and kept: its storage, and the frames for further
 * identity tables, are one piece of memory cut out of the map itself, the "arena". */
#include "bios.h"
#include "checked.h"
#include "identity_map.h"
#include "memory.h"
#include "memory_source.h"

#include <stddef.h>

#define VIDEO_MEMORY 0xa0000ull
#define ARENA_LOWEST (1ull << 20)
#define OWN_REGIONS 3 /* low memory's end, the loader, the arena */

static struct memmap raw, shown;
static uint64_t arena_phys, arena_size;

static bool overlaps(const struct memory_entry *entry, uint64_t start, uint64_t size)
{
    return entry->phys < start + size && (entry->phys > start || start - entry->phys < entry->size);
}

/* Moves `start` down until [start, start + size) touches nothing but usable memory; false when that is below `lowest`. */
static bool clear_of_others(uint64_t *start, uint64_t size, uint64_t lowest)
{
    bool moved = true;
    while (moved) {
        struct memory_cursor cursor = {0};
        struct memory_entry entry;
        moved = false;
        while (memory_source_next(&cursor, &entry)) {
            if (entry.type == BOOT_MEMORY_USABLE || !overlaps(&entry, *start, size))
                continue;
            if (entry.phys < lowest || entry.phys - lowest < size)
                return false;
            *start = align_down(entry.phys - size, PAGE_SIZE);
            moved = true;
        }
    }
    return true;
}

/* Takes the arena from the end of the highest usable region below 4 GiB: kernels with fixed addresses want the start. */
static enum status take_arena(uint64_t size, struct error *error)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    arena_phys = 0;
    while (memory_source_next(&cursor, &entry)) {
        uint64_t start, end;
        if (entry.type != BOOT_MEMORY_USABLE || !align_up_ok(entry.phys, PAGE_SIZE, &start))
            continue;
        start = start > ARENA_LOWEST ? start : ARENA_LOWEST;
        end = add_ok(entry.phys, entry.size, &end) && end < IDENTITY_MAP_END ? end : IDENTITY_MAP_END;
        end = align_down(end, PAGE_SIZE);
        if (start >= end || end - start < size)
            continue;
        uint64_t candidate = end - size;
        if (candidate > arena_phys && clear_of_others(&candidate, size, start) && candidate > arena_phys)
            arena_phys = candidate;
    }
    arena_size = size;
    if (arena_phys == 0)
        return error_set(error, STATUS_OUT_OF_MEMORY,
                         "no %llu KiB of free memory between 1 MiB and 4 GiB for the loader: give the machine more memory",
                         (unsigned long long)(size / 1024));
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
    uint64_t low_end = memory_low_end();
    if (status == STATUS_OK && low_end < VIDEO_MEMORY)
        status = memmap_add(&raw, low_end, VIDEO_MEMORY - low_end, BOOT_MEMORY_RESERVED, UINT32_MAX, error);
    return status;
}

static enum status read_raw(struct error *error)
{
    uint32_t count;
    enum status status = memory_source_start(&count, error);
    if (status != STATUS_OK)
        return status;
    size_t raw_room = count + 1, shown_room = memmap_room(raw_room + OWN_REGIONS);
    uint64_t tables = count_table_frames() * PAGE_SIZE, size;
    if (!align_up_ok((raw_room + shown_room) * sizeof(struct boot_memory_region), PAGE_SIZE, &size))
        return error_set(error, STATUS_MAP_TOO_BIG, "E820 has %u entries", count);
    status = take_arena(size + tables, error);
    if (status != STATUS_OK)
        return status;
    struct boot_memory_region *storage = (struct boot_memory_region *)(uintptr_t)(arena_phys + tables);
    identity_map_room(arena_phys, tables / PAGE_SIZE);
    raw = (struct memmap){storage, 0, raw_room};
    shown = (struct memmap){storage + raw_room, 0, shown_room};
    return keep_raw(error);
}

static enum status copy_raw(struct memmap *map, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < raw.count; i++) {
        const struct boot_memory_region *region = &raw.regions[i];
        status = memmap_add(map, region->phys, region->size, region->type, region->firmware_type, error);
    }
    return status;
}

enum status firmware_memory_map(struct memmap *map, struct error *error)
{
    enum status status = raw.count == 0 ? read_raw(error) : STATUS_OK;
    shown.count = 0;
    if (status == STATUS_OK)
        status = copy_raw(&shown, error);
    if (status == STATUS_OK)
        status = memmap_add(&shown, 0, LOW_END, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    if (status == STATUS_OK)
        status = memmap_add(&shown, arena_phys, arena_size, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    if (status == STATUS_OK)
        status = memmap_normalise(&shown, error);
    if (status == STATUS_OK)
        *map = shown;
    return status;
}

/* Nobody else takes memory on a BIOS machine, so the caller's own books are all that is needed. */
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

size_t firmware_efi_map_room(void)
{
    return 0;
}

enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    *efi = (struct boot_efi){0};
    return copy_raw(map, error);
}
