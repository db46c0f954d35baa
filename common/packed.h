/* Compressed files that can be read at any place: blocks of equal size, each compressed on its own, behind an index.
 *
 * The index is a skippable frame of the LZ4 and Zstandard frame formats, and what follows are ordinary frames of these:
 * `lz4 -d` and `zstd -d` give back the original. All numbers are little endian.
 *
 *   offset size
 *        0    4  0x184d2a5c: magic number of a skippable frame
 *        4    4  bytes that follow in this frame: 40 + 4 * count
 *        8    8  "STGPACK1"
 *       16    4  method: 1 LZ4, 2 Zstandard
 *       20    4  size of a block before compression: a power of two, 64 KiB to 1 MiB
 *       24    8  size of the file before compression
 *       32    4  count of blocks: size / block size, rounded up
 *       36    4  lead: bytes between the index and the first block (the head of the LZ4 frame)
 *       40    4  XXH32 of bytes 8 to 40
 *       44    4  XXH32 of the table
 *       48    4  for each block, how many bytes it takes; all blocks lie one behind the other
 *
 * A block is, for LZ4, a data block with its size before and its checksum behind it (lz4_Frame_format.md 1.6.2), for
 * Zstandard a whole frame with a checksum (RFC 8878, 3.1.1). */
#ifndef STAGECOACH_PACKED_H
#define STAGECOACH_PACKED_H

#include "file_source.h"

#include <stdbool.h>
#include <stddef.h>

#define PACKED_MAGIC 0x184d2a5cu
#define PACKED_NAME "STGPACK1"
#define PACKED_HEAD_SIZE 48u
#define PACKED_BLOCK_MIN (64u * 1024)
#define PACKED_BLOCK_MAX (1024u * 1024)
#define PACKED_BLOCK_GROWTH 64u /* by so much a block that can't be compressed may become longer */
#define PACKED_INPUT_SIZE (2u * 1024 * 1024)
#define PACKED_ROOM (PACKED_INPUT_SIZE + PACKED_BLOCK_MAX)

enum packed_method { PACKED_LZ4 = 1, PACKED_ZSTD = 2 };

/* Decodes one whole Zstandard frame to exactly `to_size` bytes; false if it is damaged or something else. */
typedef bool packed_zstd(void *context, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size);

struct unpacker {       /* what reading compressed files needs; one serves any number of them, one after the other */
    uint8_t *memory;    /* PACKED_ROOM bytes of the caller's */
    const void *holder; /* whose block lies in there ... */
    uint32_t block;     /* ... and which */
    packed_zstd *zstd;  /* NULL: no such decoder here */
    void *zstd_context;
};

struct packed_head {
    enum packed_method method;
    uint32_t block_size, count, lead;
    uint32_t table_sum;
    uint64_t size;
};

struct packed {
    struct file_source file; /* the compressed one */
    struct packed_head head;
    const uint8_t *table; /* little endian 32-bit numbers */
    struct unpacker *unpacker;
    uint32_t next;   /* the block that ... */
    uint64_t offset; /* ... begins here in the file */
};

/* Whether a file begins as compressed ones do; a read error is an error. *head is filled in and checked if so. */
enum status packed_detect(const struct file_source *file, bool *is_packed, struct packed_head *head,
                          struct error *error);

/* Bytes that the table takes. */
uint64_t packed_table_size(const struct packed_head *head);

/* Reads and checks the table into `table`, which must last as long as *packed is used. */
enum status packed_open(const struct file_source *file, const struct packed_head *head, void *table,
                        struct unpacker *unpacker, struct packed *packed, struct error *error);

/* The file as it was before compression. *packed must not move. */
struct file_source packed_source(struct packed *packed);

#endif
