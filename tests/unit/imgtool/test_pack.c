/* What imgtool compresses is read back by the loader's code, at any place and in any order. lz4(1) and zstd(1) judge
 * the files in tests/image. */
#include "cmocka_all.h"

#include "checked.h"
#include "pack.h"
#include "xxhash32.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIG (3u * 1024 * 1024 + 777)

static uint64_t state_of_chance = 1;

static uint32_t chance(uint32_t below)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_of_chance >> 33) % below;
}

struct opened { /* a packed file in memory */
    uint8_t *bytes;
    uint64_t size;
    unsigned reads;
    void *table;
    struct unpacker unpacker;
    struct packed packed;
    struct file_source source;
    struct error error;
};

static enum status read_bytes(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct opened *opened = context;
    (void)error;
    assert_true(range_ok(offset, size, opened->size));
    memcpy(to, opened->bytes + offset, size);
    opened->reads++;
    return STATUS_OK;
}

static struct host_file host_file_of(const uint8_t *bytes, size_t size)
{
    struct host_file file;
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(host_file_adopt(&file, "test", fd), EXIT_OK);
    return file;
}

static void pack(const uint8_t *bytes, size_t size, const char *how, struct opened *opened)
{
    struct pack_options options;
    struct host_file file = host_file_of(bytes, size), packed;
    assert_true(pack_parse(how, &options));
    assert_int_equal(pack_file(&file, &options, &packed), EXIT_OK);
    *opened = (struct opened){.size = packed.size, .bytes = malloc(packed.size)};
    assert_int_equal(host_file_read(&packed, 0, packed.size, opened->bytes), EXIT_OK);
    host_file_close(&packed);
    host_file_close(&file);
}

static enum status open_packed(struct opened *opened)
{
    struct file_source file = {read_bytes, opened, opened->size, "test"};
    struct packed_head head;
    bool is_packed;
    enum status status = packed_detect(&file, &is_packed, &head, &opened->error);
    if (status != STATUS_OK)
        return status;
    assert_true(is_packed);
    opened->unpacker = (struct unpacker){.memory = malloc(PACKED_ROOM), .zstd = pack_zstd_decode};
    opened->table = malloc(packed_table_size(&head));
    status = packed_open(&file, &head, opened->table, &opened->unpacker, &opened->packed, &opened->error);
    if (status == STATUS_OK)
        opened->source = packed_source(&opened->packed);
    return status;
}

static void close_packed(struct opened *opened)
{
    free(opened->unpacker.memory);
    free(opened->table);
    opened->unpacker.memory = NULL;
    opened->table = NULL;
}

static uint8_t *compressible(size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t at = 0; at < size; at++)
        bytes[at] = at % 65536 < 20000 ? (uint8_t)chance(256) : (uint8_t)(at / 3000);
    return bytes;
}

static void any_range_can_be_read(void **state)
{
    (void)state;
    static const char *const methods[] = {"lz4", "lz4:1", "zstd:1"};
    static const size_t sizes[] = {1, 65536, 262145, BIG};
    uint8_t *bytes = compressible(BIG), *to = malloc(BIG);
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(sizes); j++) {
            struct opened opened;
            uint32_t whole = (uint32_t)sizes[j];
            pack(bytes, whole, methods[i], &opened);
            assert_int_equal(open_packed(&opened), STATUS_OK);
            assert_int_equal(opened.source.size, whole);
            for (unsigned n = 0; n < 12; n++) {
                uint32_t offset = n == 0 ? 0 : chance(whole), size = n == 0 ? whole : chance(whole - offset + 1);
                assert_int_equal(opened.source.read(&opened.packed, offset, size, to, &opened.error), STATUS_OK);
                assert_memory_equal(to, bytes + offset, size);
            }
            close_packed(&opened);
            free(opened.bytes);
        }
    }
    free(bytes);
    free(to);
}

/* Front to back in small pieces: the medium is read once. */
static void pieces_cost_no_second_read(void **state)
{
    (void)state;
    uint8_t *bytes = compressible(BIG), to[10000];
    struct opened opened;
    pack(bytes, BIG, "lz4", &opened);
    assert_int_equal(open_packed(&opened), STATUS_OK);
    unsigned before = opened.reads;
    for (uint64_t at = 0; at < BIG; at += sizeof to) {
        uint64_t size = BIG - at < sizeof to ? BIG - at : sizeof to;
        assert_int_equal(opened.source.read(&opened.packed, at, size, to, &opened.error), STATUS_OK);
        assert_memory_equal(to, bytes + at, size);
    }
    assert_int_equal(opened.reads - before, opened.packed.head.count);
    close_packed(&opened);
    free(opened.bytes);
    free(bytes);
}

static enum status read_all(struct opened *opened, uint8_t *to)
{
    enum status status = open_packed(opened);
    if (status == STATUS_OK)
        status = opened->source.read(&opened->packed, 0, opened->source.size, to, &opened->error);
    close_packed(opened);
    return status;
}

/* Behind the magic number and the name, which say that it is such a file, every bit counts. */
static void every_damage_is_found(void **state)
{
    (void)state;
    static const char *const methods[] = {"lz4", "zstd:3"};
    enum { SIZE = 70000 };
    uint8_t *bytes = compressible(SIZE), *to = malloc(SIZE);
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
        bool lz4 = i == 0;
        struct opened opened;
        pack(bytes, SIZE, methods[i], &opened);
        uint64_t end = opened.size - (lz4 ? 4u : 0u); /* the end mark of the LZ4 frame is not read */
        uint64_t blocks = PACKED_HEAD_SIZE + 4u + (lz4 ? 15u : 0u);
        for (unsigned n = 0; n < 300; n++) {
            uint64_t at = n < 48 ? 4 + n : blocks + chance((uint32_t)(end - blocks));
            if (at >= 8 && at < 16)
                continue;
            uint8_t bit = (uint8_t)(1u << chance(8));
            opened.bytes[at] ^= bit;
            enum status status = read_all(&opened, to);
            opened.bytes[at] ^= bit;
            /* A bit of a Zstandard frame may mean nothing: then the content is right. */
            if (lz4 || status != STATUS_OK)
                assert_int_equal(status, STATUS_PACKED_BAD);
            else
                assert_memory_equal(bytes, to, SIZE);
        }
        opened.size = end - 1;
        assert_int_equal(read_all(&opened, to), STATUS_PACKED_BAD);
        free(opened.bytes);
    }
    free(bytes);
    free(to);
}

static void zstd_needs_its_decoder(void **state)
{
    (void)state;
    uint8_t byte = 7, to;
    struct opened opened;
    pack(&byte, 1, "zstd", &opened);
    struct file_source file = {read_bytes, &opened, opened.size, "/ramdisk"};
    struct packed_head head;
    bool is_packed;
    assert_int_equal(packed_detect(&file, &is_packed, &head, &opened.error), STATUS_OK);
    struct unpacker unpacker = {.memory = NULL};
    assert_int_equal(packed_open(&file, &head, &to, &unpacker, &opened.packed, &opened.error), STATUS_NO_DECODER);
    assert_non_null(strstr(opened.error.text, "/ramdisk"));
    free(opened.bytes);
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    static uint8_t zeroes[100];
    for (uint64_t size = 0; size <= sizeof zeroes; size += 25) {
        struct opened opened = {.bytes = zeroes, .size = size};
        struct file_source file = {read_bytes, &opened, size, "plain"};
        struct packed_head head;
        bool is_packed = true;
        assert_int_equal(packed_detect(&file, &is_packed, &head, &opened.error), STATUS_OK);
        assert_false(is_packed);
    }
}

static void methods_are_parsed(void **state)
{
    (void)state;
    struct pack_options options;
    assert_true(pack_parse("lz4:12", &options));
    assert_int_equal(options.method, PACKED_LZ4);
    assert_int_equal(options.level, 12);
    assert_true(pack_parse("zstd", &options));
    assert_int_equal(options.method, PACKED_ZSTD);
    static const char *const wrong[] = {"",       "lz",      "lz44",    "gzip",    "lz4:", "lz4:0",
                                        "lz4:13", "zstd:23", "zstd:1x", "zstd:-1", "LZ4"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_false(pack_parse(wrong[i], &options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range_can_be_read),      cmocka_unit_test(pieces_cost_no_second_read),
        cmocka_unit_test(every_damage_is_found),      cmocka_unit_test(zstd_needs_its_decoder),
        cmocka_unit_test(other_files_are_left_alone), cmocka_unit_test(methods_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
