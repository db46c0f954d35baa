/* Writes that are planned but not made: in phases, each of which is on the medium before the next one begins. Until
 * they are made they can be looked at as the disk that they lead to. */
#ifndef STAGECOACH_IMGTOOL_CHANGES_H
#define STAGECOACH_IMGTOOL_CHANGES_H

#include "block.h"
#include "block_target.h"
#include "host_file.h"

#include <stdbool.h>
#include <stddef.h>

#define CHANGES_PHASES 6u

struct change {
    uint64_t offset, size;
    uint8_t *bytes;               /* owned; NULL: a piece of `file` */
    const struct host_file *file; /* zeroes behind its end */
    uint64_t file_offset;
    unsigned phase;
};

struct changes {
    struct change *list; /* in the order in which they will be made */
    size_t count;
};

void changes_free(struct changes *changes);

/* Adds a write of a copy of `bytes`, or of a piece of a file that stays open. Phases never go backwards. */
enum exit_code changes_add(struct changes *changes, unsigned phase, uint64_t offset, const void *bytes, uint64_t size);
enum exit_code changes_add_file(struct changes *changes, unsigned phase, uint64_t offset, uint64_t size,
                                const struct host_file *file, uint64_t file_offset);

/* Adds the 512-byte sectors in which `after` differs from `before`; both stand for `size` bytes at `offset`. */
enum exit_code changes_add_difference(struct changes *changes, unsigned phase, uint64_t offset, const uint8_t *before,
                                      const uint8_t *after, uint64_t size);

/* Takes out the writes of bytes that are there already: one that was never made can't fail for lack of room, then. */
void changes_drop_made(struct changes *changes, struct block *disk);

uint64_t changes_bytes(const struct changes *changes);

/* Makes the writes of one phase and flushes them. */
enum exit_code changes_make(const struct changes *changes, unsigned phase, struct block_target *target);

/* The disk as it will be when all is made. */
struct changed_block {
    struct block block; /* to be read */
    struct block *base;
    const struct changes *changes;
};
void changed_block_init(struct changed_block *changed, struct block *base, const struct changes *changes);

#endif
