/* A FAT volume made by hand, byte by byte, so that tests can make it wrong. */
#ifndef STAGECOACH_TESTS_FAT_IMAGE_H
#define STAGECOACH_TESTS_FAT_IMAGE_H

#include "fat_name.h"
#include "memory_disk.h"

struct fat_image {
    struct memory_disk disk;
    uint8_t *bytes; /* owned */
    uint64_t size;
    uint32_t bits, clusters, cluster_size;
    uint32_t fats, fat_size, fat_offset, root_offset, data_offset; /* bytes */
    uint32_t root_cluster;                                         /* FAT32: 2 */
};

/* An empty volume; FAT32's root directory has one cluster. bits only choose the form: `clusters` makes the type. */
void fat_image_make(struct fat_image *image, uint32_t bits, uint32_t clusters, uint32_t sectors_per_cluster);
void fat_image_free(struct fat_image *image);

/* Sets a cluster's entry in one table, or in all of them. */
void fat_image_set_in(struct fat_image *image, uint32_t table, uint32_t cluster, uint32_t value);
void fat_image_set(struct fat_image *image, uint32_t cluster, uint32_t value);

/* Links clusters [first, first + count) to one chain that ends. */
void fat_image_chain(struct fat_image *image, uint32_t first, uint32_t count);

uint8_t *fat_image_root(struct fat_image *image);
uint8_t *fat_image_cluster(struct fat_image *image, uint32_t cluster);

/* Writes one short entry ("KERNEL  ELF"); returns the place behind it. */
uint8_t *fat_image_entry(uint8_t *to, const char *name, uint32_t attributes, uint32_t cluster, uint32_t size);

/* Writes a long name's entries for the short name that follows; returns the place behind them. */
uint8_t *fat_image_long(uint8_t *to, const uint16_t *units, uint32_t count, const char *short_name);

/* Adds the file to the root directory (which has room) with bytes of a pattern that depends on the position. */
void fat_image_add(struct fat_image *image, const char *name, uint32_t cluster, uint32_t size);

/* The pattern's byte at `offset` of any file. */
uint8_t fat_image_byte(uint64_t offset);

#endif
