/* The whole table of a FAT volume in memory: who owns which cluster, what is free, and how it will be. */
#ifndef STAGECOACH_IMGTOOL_FAT_MAP_H
#define STAGECOACH_IMGTOOL_FAT_MAP_H

#include "failure.h"
#include "fat.h"

#include <stddef.h>

struct fat_map {
    struct fat *fat;
    uint64_t first, second; /* where the copies begin, in bytes from the volume's start; second 0: there is one only */
    uint8_t *before;        /* the first copy as it is */
    uint8_t *other;         /* the second copy as it is */
    uint8_t *full;          /* with everything that is new, and nothing freed */
    uint8_t *after;         /* as it will be */
    uint8_t *owned;         /* a byte for each cluster: somebody has it */
    uint32_t lost;          /* clusters that are taken, and nobody's */
    uint32_t free_count;    /* in `full` */
};

enum exit_code fat_map_load(struct fat_map *map, struct fat *fat);
void fat_map_free(struct fat_map *map);

/* Follows a chain and marks its clusters as owned; *count of them. STATUS_FAT_CHAIN if somebody has one already. */
enum status fat_map_own(struct fat_map *map, uint32_t first, uint32_t *count, struct error *error);

/* When all chains have been marked: counts what is lost and what is free. Lost clusters are free ones. */
void fat_map_count(struct fat_map *map);

/* Takes `clusters` free ones, in one run if there is one, and chains them. EXIT_IO if there are not enough. */
enum exit_code fat_map_allocate(struct fat_map *map, uint32_t clusters, uint32_t *first);

/* The cluster after this one in `full`; 0: it was the last. Only for chains of fat_map_own() and fat_map_allocate(). */
uint32_t fat_map_next(const struct fat_map *map, uint32_t cluster);

/* Frees a chain in `after`. */
void fat_map_release(struct fat_map *map, uint32_t first);

/* Where a cluster begins, in bytes from the disk's start. */
uint64_t fat_map_offset(const struct fat_map *map, uint32_t cluster);

/* Free clusters in `after`, and the first of them (0: none). */
uint32_t fat_map_count_free(const struct fat_map *map, uint32_t *first);

#endif
