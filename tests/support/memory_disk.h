/* A disk in memory that counts its reads and can fail. */
#ifndef STAGECOACH_TESTS_MEMORY_DISK_H
#define STAGECOACH_TESTS_MEMORY_DISK_H

#include "block.h"

struct memory_disk {
    struct block block;
    uint8_t *bytes;
    uint64_t reads; /* calls so far */
    uint64_t bytes_read;
    uint64_t largest;              /* bytes of the largest read */
    uint64_t fail_start, fail_end; /* reads that touch these bytes give STATUS_READ_ERROR */
};

/* The disk does not own `bytes`. */
void memory_disk_init(struct memory_disk *disk, void *bytes, uint64_t size, uint32_t sector_size);

#endif
