/* A compressed file: read as a whole, then in pieces from back to front. Both give the same bytes, or it is refused.
 * The checksums of the index are made right first: nearly all inputs would end there. */
#include "fuzz.h"

#include "checked.h"
#include "packed.h"
#include "xxhash32.h"

#define WHOLE_MAX (4u << 20)
#define PIECE 50000u

struct input {
    const uint8_t *data;
    size_t size;
};

static enum status read_input(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct input *input = context;
    (void)error;
    FUZZ_ASSERT(range_ok(offset, size, input->size));
    memcpy(to, input->data + offset, size);
    return STATUS_OK;
}

/* Stands for libzstd, which has fuzzers of its own: a frame is its bytes, repeated. */
static bool repeat(void *context, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    (void)context;
    for (size_t i = 0; i < to_size; i++)
        to[i] = from[i % from_size];
    return from[0] != 0;
}

static void make_sums_right(uint8_t *data, size_t size)
{
    if (size < PACKED_HEAD_SIZE)
        return;
    uint32_t count, sum;
    memcpy(&count, data + 32, sizeof count);
    if (count <= (size - PACKED_HEAD_SIZE) / 4) {
        sum = xxhash32(data + PACKED_HEAD_SIZE, 4ull * count);
        memcpy(data + 44, &sum, sizeof sum);
    }
    sum = xxhash32(data + 8, 32);
    memcpy(data + 40, &sum, sizeof sum);
}

static void read_both_ways(const struct file_source *source)
{
    struct error error;
    uint8_t *whole = malloc(source->size), *piece = malloc(PIECE);
    FUZZ_ASSERT(whole != NULL && piece != NULL);
    enum status status = source->read(source->context, 0, source->size, whole, &error);
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    for (uint64_t end = source->size; end > 0 && status == STATUS_OK;) {
        uint64_t size = end < PIECE ? end : PIECE;
        end -= size;
        FUZZ_ASSERT(source->read(source->context, end, size, piece, &error) == STATUS_OK);
        FUZZ_ASSERT(memcmp(piece, whole + end, size) == 0);
    }
    free(whole);
    free(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[PACKED_ROOM];
    uint8_t *copy = malloc(size + 1);
    FUZZ_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    make_sums_right(copy, size);
    struct input input = {copy, size};
    const struct file_source file = {read_input, &input, size, "/ramdisk"};
    struct unpacker unpacker = {.memory = memory, .zstd = repeat};
    struct packed_head head;
    struct packed packed;
    struct error error;
    bool is_packed;
    enum status status = packed_detect(&file, &is_packed, &head, &error);
    if (status == STATUS_OK && is_packed && head.size <= WHOLE_MAX) {
        void *table = malloc(packed_table_size(&head));
        status = packed_open(&file, &head, table, &unpacker, &packed, &error);
        if (status == STATUS_OK) {
            const struct file_source source = packed_source(&packed);
            read_both_ways(&source);
        }
        free(table);
    }
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    free(copy);
    return 0;
}
