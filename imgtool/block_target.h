/* What imgtool writes a disk through: an image file or a block device, and in tests a double that fails on demand. */
#ifndef STAGECOACH_IMGTOOL_BLOCK_TARGET_H
#define STAGECOACH_IMGTOOL_BLOCK_TARGET_H

#include "failure.h"

#include <stdint.h>

struct block_target {
    /* As pwrite(2) and pread(2): how many bytes were moved, or -errno. Reads come from the medium, past any cache. */
    int64_t (*write)(struct block_target *target, uint64_t offset, const void *from, uint64_t size);
    int64_t (*read)(struct block_target *target, uint64_t offset, void *to, uint64_t size);
    /* All that was written is on the medium when it returns 0; else -errno. */
    int (*flush)(struct block_target *target);
    /* Bytes that it has now, or -errno. */
    int64_t (*size)(struct block_target *target);
    const char *name; /* for messages */
    void *context;
};

/* Writes or reads exactly [offset, offset + size), however small the pieces are in which that goes. */
enum exit_code block_target_write(struct block_target *target, uint64_t offset, const void *from, uint64_t size);
enum exit_code block_target_read(struct block_target *target, uint64_t offset, void *to, uint64_t size);
enum exit_code block_target_flush(struct block_target *target);

/* An open image file or device; reads go through the cache. */
void block_target_init_fd(struct block_target *target, int fd, const char *name);

#endif
