/* A disk, or part of one, that can be read at any byte. BIOS, host files and memory implement it; common/gpt.c, mbr.c
 * and fat.c are its users. */
#ifndef STAGECOACH_BLOCK_H
#define STAGECOACH_BLOCK_H

#include "error.h"

#include <stdint.h>

#define CD_SECTOR_SIZE 2048u

struct block {
    /* Reads exactly [offset, offset + size), in bytes; the implementation copes with any alignment and size, and copies
     * only the bytes asked for. Called only with ranges inside [0, size). */
    enum status (*read)(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error);
    uint64_t size;        /* bytes */
    uint32_t sector_size; /* logical block: 512, 2048 or 4096 */
    void *context;        /* the implementation's */
};

/* As block->read, after checking the range: STATUS_DISK_SHORT names it. */
enum status block_read(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error);

#endif
