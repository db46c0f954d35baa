#include "fat_write.h"

#include "../bios/image_format.h"
#include "fat_entry.h"
#include "host_file.h"

#include <stdlib.h>
#include <string.h>

#define MEDIA_FIXED_DISK 0xf8u
#define INFO_SECTOR 1u
#define BACKUP_SECTOR 6u
#define LABEL "STAGECOACH "
#define CHUNK_ENTRIES 16384u /* of a table in memory at a time; a multiple of what FAT12 packs */

/* The fields that both forms of the boot sector end with, at 36 or 64. */
static void put_extension(const struct fat_volume *volume, uint8_t *to)
{
    static const char *const types[] = {"FAT12   ", "FAT16   ", "FAT32   "};
    uint32_t bits = volume->geometry->bits;
    to[0] = 0x80; /* first hard disk */
    to[2] = 0x29; /* the next three fields are there */
    fat_put32(to + 3, volume->volume_id);
    memcpy(to + 7, LABEL, 11);
    memcpy(to + 18, types[bits == 12 ? 0 : bits == 16 ? 1 : 2], 8);
}

/* Geometry 255/63 like the partition table: some BIOSes guess it from here. */
static void make_boot_sector(const struct fat_volume *volume, uint8_t sector[FAT_SECTOR_SIZE])
{
    static const uint8_t code[] = {0xcd, 0x18, 0xf4, 0xeb, 0xfd}; /* int 18h (boot from elsewhere); hlt; jmp */
    const struct fat_geometry *geometry = volume->geometry;
    bool wide = geometry->bits == 32, many = wide || geometry->sectors > UINT16_MAX;
    uint8_t code_offset = wide ? 90 : 62;
    memset(sector, 0, FAT_SECTOR_SIZE);
    memcpy(sector, (const uint8_t[]){0xeb, (uint8_t)(code_offset - 2), 0x90}, 3);
    memcpy(sector + 3, "MSWIN4.1", 8); /* the one name that no reader dislikes */
    fat_put16(sector + 11, FAT_SECTOR_SIZE);
    sector[13] = (uint8_t)geometry->sectors_per_cluster;
    fat_put16(sector + 14, geometry->reserved_sectors);
    sector[16] = FAT_TABLES;
    fat_put16(sector + 17, geometry->root_entries);
    fat_put16(sector + 19, many ? 0 : geometry->sectors);
    sector[21] = MEDIA_FIXED_DISK;
    fat_put16(sector + 22, wide ? 0 : geometry->fat_sectors);
    fat_put16(sector + 24, 63);
    fat_put16(sector + 26, 255);
    fat_put32(sector + 28, (uint32_t)(volume->offset / FAT_SECTOR_SIZE));
    fat_put32(sector + 32, many ? geometry->sectors : 0);
    if (wide) {
        fat_put32(sector + 36, geometry->fat_sectors);
        fat_put32(sector + 44, volume->geometry->first_clusters[FAT_TREE_ROOT]);
        fat_put16(sector + 48, INFO_SECTOR);
        fat_put16(sector + 50, BACKUP_SECTOR);
    }
    put_extension(volume, sector + (wide ? 64 : 36));
    memcpy(sector + code_offset, code, sizeof code);
    if (volume->boot_code != NULL) {
        memset(sector + code_offset, 0, sizeof code);
        memcpy(sector, volume->boot_code, BIOS_STAGE1_GAP_START);
        memcpy(sector + BIOS_STAGE1_GAP_END, volume->boot_code + BIOS_STAGE1_GAP_END,
               BIOS_STAGE1_SIZE - BIOS_STAGE1_GAP_END);
    }
    fat_put16(sector + 510, 0xaa55);
}

static void make_info_sector(const struct fat_geometry *geometry, uint8_t sector[FAT_SECTOR_SIZE])
{
    memset(sector, 0, FAT_SECTOR_SIZE);
    fat_put32(sector, 0x41615252);
    fat_put32(sector + 484, 0x61417272);
    fat_put32(sector + 488, geometry->cluster_count - geometry->used_clusters);
    fat_put32(sector + 492,
              geometry->used_clusters < geometry->cluster_count ? geometry->used_clusters + 2 : 0xffffffff);
    fat_put16(sector + 510, 0xaa55);
}

static enum exit_code write_boot_sectors(const struct fat_volume *volume, int fd, const char *to)
{
    uint8_t boot[FAT_SECTOR_SIZE], info[FAT_SECTOR_SIZE];
    make_boot_sector(volume, boot);
    enum exit_code code = host_write(fd, volume->offset, boot, sizeof boot, to);
    if (volume->geometry->bits != 32 || code != EXIT_OK)
        return code;
    make_info_sector(volume->geometry, info);
    static const uint32_t copies[] = {0, BACKUP_SECTOR};
    for (size_t i = 0; i < 2 && code == EXIT_OK; i++) {
        code = host_write(fd, volume->offset + copies[i] * FAT_SECTOR_SIZE, boot, sizeof boot, to);
        if (code == EXIT_OK)
            code = host_write(fd, volume->offset + (copies[i] + INFO_SECTOR) * FAT_SECTOR_SIZE, info, sizeof info, to);
    }
    return code;
}

/* --- the tables --------------------------------------------------------------------------------------------------- */

/* Goes through all entries in order. */
struct chain_cursor {
    const struct fat_geometry *geometry;
    uint32_t run;
};

static uint32_t next_value(struct chain_cursor *cursor, uint64_t cluster)
{
    if (cluster == 0)
        return 0x0fffff00u | MEDIA_FIXED_DISK;
    if (cluster == 1)
        return 0x0fffffffu;
    const struct fat_run *run = &cursor->geometry->runs[cursor->run];
    if (cluster + 1 < (uint64_t)run->first + run->count)
        return (uint32_t)cluster + 1;
    cursor->run++;
    return run->next != 0 ? run->next : 0x0fffffffu;
}

static enum exit_code write_tables(const struct fat_volume *volume, int fd, const char *to)
{
    const struct fat_geometry *geometry = volume->geometry;
    uint64_t total = geometry->used_clusters + 2ull, fat_size = (uint64_t)geometry->fat_sectors * FAT_SECTOR_SIZE;
    struct chain_cursor cursor = {.geometry = geometry};
    uint8_t *chunk = malloc(CHUNK_ENTRIES * 4);
    if (chunk == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    for (uint64_t done = 0; done < total && code == EXIT_OK; done += CHUNK_ENTRIES) {
        uint64_t count = total - done < CHUNK_ENTRIES ? total - done : CHUNK_ENTRIES;
        uint64_t size = (count * geometry->bits + 7) / 8;
        uint64_t at =
            volume->offset + (uint64_t)geometry->reserved_sectors * FAT_SECTOR_SIZE + done * geometry->bits / 8;
        memset(chunk, 0, CHUNK_ENTRIES * 4);
        for (uint64_t i = 0; i < count; i++)
            fat_entry_pack(chunk, i, geometry->bits, next_value(&cursor, done + i));
        for (uint32_t copy = 0; copy < FAT_TABLES && code == EXIT_OK; copy++)
            code = host_write(fd, at + copy * fat_size, chunk, size, to);
    }
    free(chunk);
    return code;
}

/* --- directories -------------------------------------------------------------------------------------------------- */

static uint8_t *put_head(const struct fat_volume *volume, uint32_t directory, uint8_t *to)
{
    const uint32_t *clusters = volume->geometry->first_clusters;
    if (directory == FAT_TREE_ROOT) {
        fat_entry_put(&volume->stamp, (const uint8_t *)LABEL, FAT_ATTRIBUTE_VOLUME, 0, 0, to);
        return to + FAT_ENTRY_SIZE;
    }
    uint32_t parent = volume->tree->nodes[directory].parent;
    fat_entry_put(&volume->stamp, (const uint8_t *)".          ", FAT_ATTRIBUTE_DIRECTORY, clusters[directory], 0, to);
    fat_entry_put(&volume->stamp, (const uint8_t *)"..         ", FAT_ATTRIBUTE_DIRECTORY,
                  parent == FAT_TREE_ROOT ? 0 : clusters[parent], 0,
                  to + FAT_ENTRY_SIZE); /* the root is 0, in FAT32 too */
    return to + 2 * FAT_ENTRY_SIZE;
}

static enum exit_code write_directory(const struct fat_volume *volume, uint32_t directory, int fd, const char *to)
{
    const struct fat_tree *tree = volume->tree;
    const struct fat_geometry *geometry = volume->geometry;
    uint64_t size = tree->nodes[directory].size;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return failure_memory();
    uint8_t *entry = put_head(volume, directory, bytes);
    for (uint32_t i = 1; i < tree->count; i++) {
        const struct fat_node *node = &tree->nodes[i];
        if (node->parent != directory)
            continue;
        entry = fat_entry_put_long(node, entry);
        fat_entry_put(&volume->stamp, node->short_name,
                      node->directory ? FAT_ATTRIBUTE_DIRECTORY : FAT_ATTRIBUTE_ARCHIVE, geometry->first_clusters[i],
                      node->directory ? 0 : (uint32_t)node->size, entry);
        entry += FAT_ENTRY_SIZE;
    }
    uint64_t offset = geometry->data_offset - (uint64_t)geometry->root_entries * FAT_ENTRY_SIZE; /* FAT12/16's root */
    if (geometry->first_clusters[directory] != 0)
        offset = fat_geometry_offset(geometry, geometry->first_clusters[directory]);
    enum exit_code code = host_write(fd, volume->offset + offset, bytes, size, to);
    free(bytes);
    return code;
}

enum exit_code fat_write(const struct fat_volume *volume, int fd, const char *to)
{
    enum exit_code code = write_boot_sectors(volume, fd, to);
    if (code == EXIT_OK)
        code = write_tables(volume, fd, to);
    for (uint32_t i = 0; i < volume->tree->count && code == EXIT_OK; i++)
        if (volume->tree->nodes[i].directory)
            code = write_directory(volume, i, fd, to);
    return code;
}
