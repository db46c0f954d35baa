/* A block device in front of a slower one, for the many small reads before the large ones: partition table, FAT,
 * directories, headers. It reads ahead, keeps what it read, and lets large reads pass, which take from it what it has:
 * as long as the room lasts, no sector is read twice. */
#ifndef STAGECOACH_BLOCK_CACHE_H
#define STAGECOACH_BLOCK_CACHE_H

#include "block.h"

#include <stddef.h>

#define BLOCK_CACHE_EXTENTS 3u
#define BLOCK_CACHE_EXTENT_SIZE 16384u /* bytes that are read ahead: a multiple of all sector sizes */

struct block_cache {
    struct block block; /* what to read from */
    struct block *disk;
    uint32_t next; /* the extent that is given up next */
    struct block_cache_extent {
        uint64_t offset, size; /* bytes on the disk; size 0: empty */
    } extents[BLOCK_CACHE_EXTENTS];
    uint8_t bytes[BLOCK_CACHE_EXTENTS][BLOCK_CACHE_EXTENT_SIZE];
};

/* Starts with nothing kept. `disk` must outlive the cache. */
void block_cache_init(struct block_cache *cache, struct block *disk);

#endif
