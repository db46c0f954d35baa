#include "fat_map.h"

#include "fat_entry.h"
#include "fat_table.h"
#include "little_endian.h"

#include <stdlib.h>
#include <string.h>

#define BOOT_SECTOR_SIZE 512u

static uint32_t value_of(const struct fat_map *map, const uint8_t *table, uint32_t cluster)
{
    uint32_t bits = map->fat->bits;
    const uint8_t *at = table + (uint64_t)cluster * bits / 8;
    if (bits == 32)
        return little_endian(at, 4) & 0x0fffffff;
    uint32_t value = little_endian(at, 2);
    return bits == 16 ? value : (cluster & 1) != 0 ? value >> 4 : value & 0xfff;
}

static uint32_t end_of_chain(const struct fat_map *map)
{
    return map->fat->bits == 32 ? 0x0fffffff : (1u << map->fat->bits) - 1;
}

/* The highest four bits of FAT32's entries are nobody's and stay. */
static void put(const struct fat_map *map, uint8_t *table, uint32_t cluster, uint32_t value)
{
    if (map->fat->bits == 32)
        value |= little_endian(table + (uint64_t)cluster * 4, 4) & 0xf0000000;
    fat_entry_pack(table, cluster, map->fat->bits, value);
}

/* With mirroring switched off (FAT32 only) one table counts, and the others are not kept. */
static enum status find_copies(struct fat_map *map, struct error *error)
{
    uint8_t sector[BOOT_SECTOR_SIZE];
    const struct fat *fat = map->fat;
    enum status status = block_read(fat->block, fat->start, sizeof sector, sector, error);
    if (status != STATUS_OK)
        return status;
    bool mirrored = fat->bits != 32 || (little_endian(sector + 40, 2) & 0x80) == 0;
    map->first = fat->fat_offset;
    map->second = sector[16] == 2 && mirrored ? fat->fat_offset + fat->fat_size : 0;
    return STATUS_OK;
}

static enum status read_copies(struct fat_map *map, struct error *error)
{
    const struct fat *fat = map->fat;
    enum status status = block_read(fat->block, fat->start + map->first, fat->fat_size, map->before, error);
    if (status == STATUS_OK && map->second != 0)
        status = block_read(fat->block, fat->start + map->second, fat->fat_size, map->other, error);
    memcpy(map->full, map->before, fat->fat_size);
    return status;
}

enum exit_code fat_map_load(struct fat_map *map, struct fat *fat)
{
    struct error error;
    *map = (struct fat_map){.fat = fat};
    map->before = malloc(fat->fat_size);
    map->other = malloc(fat->fat_size);
    map->full = malloc(fat->fat_size);
    map->after = malloc(fat->fat_size);
    map->owned = calloc(fat->cluster_count + 2ull, 1);
    if (map->before == NULL || map->other == NULL || map->full == NULL || map->after == NULL || map->owned == NULL)
        return failure_memory();
    enum status status = find_copies(map, &error);
    if (status == STATUS_OK)
        status = read_copies(map, &error);
    return status == STATUS_OK ? EXIT_OK : failure(EXIT_IO, "the file allocation table can't be read: %s", error.text);
}

void fat_map_free(struct fat_map *map)
{
    free(map->before);
    free(map->other);
    free(map->full);
    free(map->after);
    free(map->owned);
    *map = (struct fat_map){0};
}

enum status fat_map_own(struct fat_map *map, uint32_t first, uint32_t *count, struct error *error)
{
    *count = 0;
    for (uint32_t cluster = first; cluster != 0;) {
        uint32_t next = 0;
        enum status status = fat_chain_next(map->fat, cluster, &next, error); /* checks `cluster`, too */
        if (status != STATUS_OK)
            return status;
        if (map->owned[cluster] != 0)
            return error_set(error, STATUS_FAT_CHAIN, "cluster %u belongs to two chains, or twice to one", cluster);
        map->owned[cluster] = 1;
        ++*count;
        cluster = next;
    }
    return STATUS_OK;
}

void fat_map_count(struct fat_map *map)
{
    uint32_t bad = fat_table_bad(map->fat);
    map->lost = map->free_count = 0;
    for (uint32_t cluster = 2; cluster - 2 < map->fat->cluster_count; cluster++) {
        uint32_t value = value_of(map, map->before, cluster);
        if (map->owned[cluster] != 0 || value == bad) {
            map->owned[cluster] = 1;
            continue;
        }
        map->lost += value != 0;
        map->free_count++;
        put(map, map->full, cluster, 0);
    }
    memcpy(map->after, map->full, map->fat->fat_size);
}

/* The first run of free clusters that is long enough; 0: none. */
static uint32_t find_run(const struct fat_map *map, uint32_t clusters)
{
    uint32_t length = 0;
    for (uint32_t cluster = 2; cluster - 2 < map->fat->cluster_count; cluster++) {
        length = map->owned[cluster] == 0 ? length + 1 : 0;
        if (length == clusters)
            return cluster - clusters + 1;
    }
    return 0;
}

static void append(struct fat_map *map, uint32_t last, uint32_t cluster)
{
    uint8_t *const tables[] = {map->full, map->after};
    for (size_t i = 0; i < 2; i++) {
        if (last != 0)
            put(map, tables[i], last, cluster);
        put(map, tables[i], cluster, end_of_chain(map));
    }
    map->owned[cluster] = 1;
    map->free_count--;
}

enum exit_code fat_map_allocate(struct fat_map *map, uint32_t clusters, uint32_t *first)
{
    uint32_t last = 0, start = clusters > 0 ? find_run(map, clusters) : 0, left = clusters;
    *first = 0;
    if (clusters > map->free_count)
        return failure(EXIT_IO,
                       "no room: %lu KiB more are needed beside what is there, and %lu KiB are free; build "
                       "the image with a larger --size",
                       (uint64_t)clusters * map->fat->cluster_size / 1024,
                       (uint64_t)map->free_count * map->fat->cluster_size / 1024);
    for (uint32_t cluster = start != 0 ? start : 2; left > 0; cluster++) {
        if (map->owned[cluster] != 0)
            continue;
        append(map, last, cluster);
        *first = *first != 0 ? *first : cluster;
        last = cluster;
        left--;
    }
    return EXIT_OK;
}

uint32_t fat_map_next(const struct fat_map *map, uint32_t cluster)
{
    uint32_t value = value_of(map, map->full, cluster);
    return value >= 2 && value - 2 < map->fat->cluster_count ? value : 0;
}

void fat_map_release(struct fat_map *map, uint32_t first)
{
    for (uint32_t cluster = first; cluster != 0; cluster = fat_map_next(map, cluster))
        put(map, map->after, cluster, 0);
}

uint64_t fat_map_offset(const struct fat_map *map, uint32_t cluster)
{
    const struct fat *fat = map->fat;
    return fat->start + fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_size;
}

uint32_t fat_map_count_free(const struct fat_map *map, uint32_t *first)
{
    uint32_t count = 0;
    *first = 0;
    for (uint32_t cluster = 2; cluster - 2 < map->fat->cluster_count; cluster++) {
        if (value_of(map, map->after, cluster) != 0)
            continue;
        *first = *first != 0 ? *first : cluster;
        count++;
    }
    return count;
}
