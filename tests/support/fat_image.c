#include "fat_image.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define ROOT_ENTRIES 512u

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value);
    put16(to + 2, value >> 16);
}

static void put_boot_sector(struct fat_image *image, uint32_t reserved, uint32_t sectors_per_cluster)
{
    uint8_t *sector = image->bytes;
    bool wide = image->bits == 32;
    memcpy(sector, "\xeb\x58\x90TESTDISK", 11);
    put16(sector + 11, SECTOR);
    sector[13] = (uint8_t)sectors_per_cluster;
    put16(sector + 14, reserved);
    sector[16] = (uint8_t)image->fats;
    put16(sector + 17, wide ? 0 : ROOT_ENTRIES);
    sector[21] = 0xf8;
    put32(sector + 32, (uint32_t)(image->size / SECTOR));
    put16(sector + 22, wide ? 0 : image->fat_size / SECTOR);
    if (wide) {
        put32(sector + 36, image->fat_size / SECTOR);
        put32(sector + 44, image->root_cluster);
    }
    put32(sector + (wide ? 67 : 39), 0x12345678);
    put16(sector + 510, 0xaa55);
}

void fat_image_make(struct fat_image *image, uint32_t bits, uint32_t clusters, uint32_t sectors_per_cluster)
{
    uint32_t reserved = bits == 32 ? 32 : 1;
    *image =
        (struct fat_image){.bits = bits, .clusters = clusters, .cluster_size = sectors_per_cluster * SECTOR, .fats = 2};
    image->fat_size = ((clusters + 2) * bits / 8 + SECTOR) / SECTOR * SECTOR;
    image->fat_offset = reserved * SECTOR;
    image->root_offset = image->fat_offset + image->fats * image->fat_size;
    image->data_offset = image->root_offset + (bits == 32 ? 0 : ROOT_ENTRIES * FAT_ENTRY_SIZE);
    image->root_cluster = bits == 32 ? 2 : 0;
    image->size = image->data_offset + (uint64_t)clusters * image->cluster_size;
    image->bytes = calloc(1, image->size);
    put_boot_sector(image, reserved, sectors_per_cluster);
    fat_image_set(image, 0, 0x0ffffff8);
    fat_image_set(image, 1, 0x0fffffff);
    if (bits == 32)
        fat_image_chain(image, 2, 1);
    memory_disk_init(&image->disk, image->bytes, image->size, SECTOR);
}

void fat_image_free(struct fat_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

void fat_image_set_in(struct fat_image *image, uint32_t table, uint32_t cluster, uint32_t value)
{
    uint8_t *fat = image->bytes + image->fat_offset + table * image->fat_size;
    if (image->bits == 32)
        put32(fat + cluster * 4, value);
    else if (image->bits == 16)
        put16(fat + cluster * 2, value);
    else if (cluster % 2 == 0)
        put16(fat + cluster / 2 * 3, (value & 0xfff) | (uint32_t)(fat[cluster / 2 * 3 + 1] & 0xf0) << 8);
    else
        put16(fat + cluster / 2 * 3 + 1, (value & 0xfff) << 4 | (fat[cluster / 2 * 3 + 1] & 0xfu));
}

void fat_image_set(struct fat_image *image, uint32_t cluster, uint32_t value)
{
    for (uint32_t table = 0; table < image->fats; table++)
        fat_image_set_in(image, table, cluster, value);
}

void fat_image_chain(struct fat_image *image, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fat_image_set(image, first + i, i + 1 < count ? first + i + 1 : 0x0fffffff);
}

uint8_t *fat_image_root(struct fat_image *image)
{
    return image->bits == 32 ? fat_image_cluster(image, image->root_cluster) : image->bytes + image->root_offset;
}

uint8_t *fat_image_cluster(struct fat_image *image, uint32_t cluster)
{
    return image->bytes + image->data_offset + (uint64_t)(cluster - 2) * image->cluster_size;
}

uint8_t *fat_image_entry(uint8_t *to, const char *name, uint32_t attributes, uint32_t cluster, uint32_t size)
{
    memset(to, 0, FAT_ENTRY_SIZE);
    memcpy(to, name, FAT_SHORT_NAME_SIZE);
    to[11] = (uint8_t)attributes;
    put16(to + 20, cluster >> 16);
    put16(to + 26, cluster);
    put32(to + 28, size);
    return to + FAT_ENTRY_SIZE;
}

uint8_t *fat_image_long(uint8_t *to, const uint16_t *units, uint32_t count, const char *short_name)
{
    uint32_t parts = (count + FAT_LONG_PART_UNITS - 1) / FAT_LONG_PART_UNITS;
    for (uint32_t part = parts; part > 0; part--, to += FAT_ENTRY_SIZE) {
        memset(to, 0, FAT_ENTRY_SIZE);
        to[0] = (uint8_t)(part | (part == parts ? FAT_LONG_LAST : 0));
        to[11] = FAT_ATTRIBUTE_LONG_NAME;
        to[13] = fat_name_checksum((const uint8_t *)short_name);
        for (uint32_t i = 0; i < FAT_LONG_PART_UNITS; i++) {
            uint32_t at = (part - 1) * FAT_LONG_PART_UNITS + i;
            put16(to + fat_long_unit_offsets[i], at < count ? units[at] : at == count ? 0 : 0xffff);
        }
    }
    return to;
}

uint8_t fat_image_byte(uint64_t offset)
{
    return (uint8_t)(offset ^ offset >> 8 ^ offset >> 16);
}

void fat_image_add(struct fat_image *image, const char *name, uint32_t cluster, uint32_t size)
{
    uint8_t *entry = fat_image_root(image);
    while (entry[0] != 0)
        entry += FAT_ENTRY_SIZE;
    fat_image_entry(entry, name, 0x20, cluster, size);
    uint32_t count = (size + image->cluster_size - 1) / image->cluster_size;
    fat_image_chain(image, cluster, count);
    for (uint32_t i = 0; i < size; i++)
        fat_image_cluster(image, cluster)[i] = fat_image_byte(i);
}
