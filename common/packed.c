#include "packed.h"

#include "checked.h"
#include "lz4_decode.h"
#include "memory.h"
#include "span.h"
#include "xxhash32.h"

#define INDEX_COUNTED_FROM 8u /* the frame's size does not count its first two fields */
#define LZ4_BLOCK_PLAIN (1u << 31)
#define LZ4_BLOCK_FRAME 8u /* size and checksum */

static enum status damaged(const struct file_source *file, struct error *error, const char *what)
{
    return error_set(error, STATUS_PACKED_BAD, "%s: the compressed file is damaged: %s", file->name, what);
}

static uint32_t number_at(const uint8_t *bytes)
{
    uint32_t number;
    __builtin_memcpy(&number, bytes, sizeof number);
    return number;
}

static bool head_is_sound(const uint8_t *bytes, uint64_t file_size, struct packed_head *head)
{
    *head = (struct packed_head){
        .method = (enum packed_method)number_at(bytes + 16),
        .block_size = number_at(bytes + 20),
        .size = number_at(bytes + 24) | (uint64_t)number_at(bytes + 28) << 32,
        .count = number_at(bytes + 32),
        .lead = number_at(bytes + 36),
        .table_sum = number_at(bytes + 44),
    };
    if (xxhash32(bytes + INDEX_COUNTED_FROM, 32) != number_at(bytes + 40))
        return false;
    if (head->method != PACKED_LZ4 && head->method != PACKED_ZSTD)
        return false;
    if (!is_power_of_two(head->block_size) || head->block_size < PACKED_BLOCK_MIN ||
        head->block_size > PACKED_BLOCK_MAX)
        return false;
    uint64_t blocks = head->size / head->block_size + (head->size % head->block_size != 0);
    uint64_t index_size = PACKED_HEAD_SIZE + packed_table_size(head);
    return head->size != 0 && head->count == blocks && number_at(bytes + 4) == index_size - INDEX_COUNTED_FROM &&
           range_ok(index_size, head->lead, file_size);
}

enum status packed_detect(const struct file_source *file, bool *is_packed, struct packed_head *head,
                          struct error *error)
{
    uint8_t bytes[PACKED_HEAD_SIZE];
    *is_packed = false;
    if (file->size < sizeof bytes)
        return STATUS_OK;
    enum status status = file->read(file->context, 0, sizeof bytes, bytes, error);
    if (status != STATUS_OK)
        return status;
    if (number_at(bytes) != PACKED_MAGIC || memcmp(bytes + 8, PACKED_NAME, sizeof PACKED_NAME - 1) != 0)
        return STATUS_OK;
    if (!head_is_sound(bytes, file->size, head))
        return damaged(file, error, "its index can't be");
    *is_packed = true;
    return STATUS_OK;
}

uint64_t packed_table_size(const struct packed_head *head)
{
    return 4ull * head->count;
}

static uint64_t first_block(const struct packed *packed)
{
    return PACKED_HEAD_SIZE + packed_table_size(&packed->head) + packed->head.lead;
}

static uint32_t block_stored(const struct packed *packed, uint32_t block)
{
    return number_at(packed->table + 4ull * block);
}

static uint32_t block_size(const struct packed *packed, uint32_t block)
{
    uint64_t left = packed->head.size - (uint64_t)block * packed->head.block_size;
    return left < packed->head.block_size ? (uint32_t)left : packed->head.block_size;
}

/* Every block inside the file, and none longer than there is room for. */
static enum status check_table(const struct packed *packed, struct error *error)
{
    uint64_t end = first_block(packed);
    for (uint32_t i = 0; i < packed->head.count; i++) {
        uint32_t stored = block_stored(packed, i);
        if (stored <= LZ4_BLOCK_FRAME || stored > packed->head.block_size + PACKED_BLOCK_GROWTH)
            return damaged(&packed->file, error, "a block has an impossible size");
        end += stored;
    }
    return end > packed->file.size ? damaged(&packed->file, error, "it ends before its last block") : STATUS_OK;
}

enum status packed_open(const struct file_source *file, const struct packed_head *head, void *table,
                        struct unpacker *unpacker, struct packed *packed, struct error *error)
{
    if (head->method == PACKED_ZSTD && unpacker->zstd == NULL)
        return error_set(error, STATUS_NO_DECODER, "%s: is compressed with zstd, and its decoder is not on the volume",
                         file->name);
    enum status status = file->read(file->context, PACKED_HEAD_SIZE, packed_table_size(head), table, error);
    if (status != STATUS_OK)
        return status;
    *packed = (struct packed){.file = *file, .head = *head, .table = table, .unpacker = unpacker};
    packed->offset = first_block(packed);
    if (xxhash32(table, packed_table_size(head)) != head->table_sum)
        return damaged(file, error, "its table of blocks has changed");
    return check_table(packed, error);
}

static bool decode_lz4(const uint8_t *from, uint32_t stored, uint8_t *to, uint32_t size)
{
    uint32_t mark = number_at(from), length = mark & ~LZ4_BLOCK_PLAIN;
    const uint8_t *bytes = from + 4;
    if (length != stored - LZ4_BLOCK_FRAME || xxhash32(bytes, length) != number_at(bytes + length))
        return false;
    if ((mark & LZ4_BLOCK_PLAIN) == 0)
        return lz4_decode(bytes, length, to, size);
    if (length != size)
        return false;
    memcpy(to, bytes, size);
    return true;
}

static enum status decode_block(const struct packed *packed, uint32_t block, const uint8_t *from, uint8_t *to,
                                struct error *error)
{
    const struct unpacker *unpacker = packed->unpacker;
    uint32_t stored = block_stored(packed, block), size = block_size(packed, block);
    bool good = packed->head.method == PACKED_LZ4 ? decode_lz4(from, stored, to, size)
                                                  : unpacker->zstd(unpacker->zstd_context, from, stored, to, size);
    if (good)
        return STATUS_OK;
    return error_set(error, STATUS_PACKED_BAD,
                     "%s: the compressed file is damaged: block %u of %u, at byte %llu of %llu", packed->file.name,
                     block + 1, packed->head.count, (unsigned long long)block * packed->head.block_size,
                     (unsigned long long)packed->head.size);
}

/* Goes to where a block begins. Files are read from front to back, so this is nearly always where we are. */
static void seek(struct packed *packed, uint32_t block)
{
    if (block < packed->next) {
        packed->next = 0;
        packed->offset = first_block(packed);
    }
    while (packed->next < block)
        packed->offset += block_stored(packed, packed->next++);
}

struct request {
    uint64_t offset, end; /* of the bytes wanted */
    uint8_t *to;          /* where the one at `offset` goes */
};

/* Hands out the wanted part of a block, decoded straight into place if all of it is wanted. */
static enum status deliver(struct packed *packed, uint32_t block, const uint8_t *from, const struct request *request,
                           struct error *error)
{
    struct unpacker *unpacker = packed->unpacker;
    uint64_t start = (uint64_t)block * packed->head.block_size, end = start + block_size(packed, block);
    if (request->offset <= start && end <= request->end)
        return decode_block(packed, block, from, request->to + (start - request->offset), error);
    uint8_t *kept = unpacker->memory + PACKED_INPUT_SIZE;
    unpacker->holder = NULL;
    enum status status = decode_block(packed, block, from, kept, error);
    if (status != STATUS_OK)
        return status;
    unpacker->holder = packed;
    unpacker->block = block;
    uint64_t first = request->offset > start ? request->offset : start, last = request->end < end ? request->end : end;
    memcpy(request->to + (first - request->offset), kept + (first - start), last - first);
    return STATUS_OK;
}

/* Reads as many of the blocks [block, end) at once as fit, and delivers them; *block becomes the next. */
static enum status read_run(struct packed *packed, uint32_t *block, uint32_t end, const struct request *request,
                            struct error *error)
{
    uint32_t stop = *block, size = 0;
    while (stop < end && size + block_stored(packed, stop) <= PACKED_INPUT_SIZE)
        size += block_stored(packed, stop++);
    seek(packed, *block);
    const uint8_t *from = packed->unpacker->memory;
    enum status status = packed->file.read(packed->file.context, packed->offset, size, packed->unpacker->memory, error);
    while (*block < stop && status == STATUS_OK) {
        status = deliver(packed, *block, from, request, error);
        from += block_stored(packed, (*block)++);
    }
    return status;
}

/* The block that the last read left over, if this one begins in it. */
static bool take_kept(const struct packed *packed, uint32_t *block, const struct request *request)
{
    const struct unpacker *unpacker = packed->unpacker;
    if (unpacker->holder != packed || unpacker->block != *block)
        return false;
    uint64_t start = (uint64_t)*block * packed->head.block_size, end = start + block_size(packed, *block);
    uint64_t last = request->end < end ? request->end : end;
    memcpy(request->to, unpacker->memory + PACKED_INPUT_SIZE + (request->offset - start), last - request->offset);
    ++*block;
    return true;
}

static enum status read_packed(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct packed *packed = context;
    struct request request = {offset, offset + size, to};
    if (size == 0)
        return STATUS_OK;
    uint32_t block = (uint32_t)(offset / packed->head.block_size);
    uint32_t end = (uint32_t)((request.end - 1) / packed->head.block_size) + 1;
    take_kept(packed, &block, &request);
    enum status status = STATUS_OK;
    while (block < end && status == STATUS_OK)
        status = read_run(packed, &block, end, &request, error);
    return status;
}

struct file_source packed_source(struct packed *packed)
{
    return (struct file_source){read_packed, packed, packed->head.size, packed->file.name};
}
