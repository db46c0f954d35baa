/* A disk of 64 MiB made from a few bytes: the input lists pieces and where they lie, all else reads as zero. So the
 * fuzzer reaches what lies far behind the first sector, such as a backup GPT or a FAT32 root directory. */
#ifndef STAGECOACH_TESTS_SPARSE_DISK_H
#define STAGECOACH_TESTS_SPARSE_DISK_H

#include "block.h"

#include <stddef.h>

#define SPARSE_DISK_SIZE (64u << 20)
#define SPARSE_PIECES_MAX 64

struct sparse_piece {
    uint64_t offset, size;
    const uint8_t *data;
};

struct sparse_disk {
    struct block block;
    struct sparse_piece pieces[SPARSE_PIECES_MAX];
    size_t count;
    uint64_t reads; /* calls so far */
};

/* Input: one byte that chooses the sector size (512 << value % 4), then pieces: 512-byte sector (4 bytes), size (2
 * bytes), the bytes. `data` must outlive the disk. */
void sparse_disk_init(struct sparse_disk *disk, const uint8_t *data, size_t size);

/* What is on the disk, without counting. */
void sparse_disk_read(const struct sparse_disk *disk, uint64_t offset, uint64_t size, uint8_t *to);

#endif
