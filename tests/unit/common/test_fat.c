#include "cmocka_all.h"

#include "support/fat_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fat fat;
static struct error error;

static enum status mount(struct fat_image *image)
{
    return fat_mount(&fat, &image->disk.block, 0, image->size, &error);
}

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value);
    put16(to + 2, value >> 16);
}

/* Smallest volumes of each type with clusters of 512 bytes. */
static const struct {
    uint32_t bits, clusters;
} types[] = {{12, 100}, {16, 4085}, {32, 65525}};

/* --- boot sector --- */

static void the_number_of_clusters_makes_the_type(void **state)
{
    (void)state;
    static const struct {
        uint32_t form, clusters, bits; /* bits 0: refused */
    } cases[] = {
        {12, 1, 12},     {12, 4084, 12},  {16, 4085, 16}, {16, 4084, 12}, {12, 4085, 0}, /* table too small */
        {16, 65524, 16}, {32, 65525, 32}, {32, 65524, 0}, {16, 65525, 0}, {32, 4084, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_image image;
        fat_image_make(&image, cases[i].form, cases[i].clusters, 1);
        enum status expected = cases[i].bits == 0 ? STATUS_FAT_BAD : STATUS_OK;
        if (mount(&image) != expected || (expected == STATUS_OK && fat.bits != cases[i].bits))
            fail_msg("form FAT%u, %u clusters: FAT%u", cases[i].form, cases[i].clusters, fat.bits);
        if (expected == STATUS_OK) {
            assert_int_equal(fat.cluster_count, cases[i].clusters);
            assert_int_equal(fat.volume_id, 0x12345678);
        }
        fat_image_free(&image);
    }
}

struct change { /* of the boot sector */
    uint32_t offset, size, value;
};

static void check_changes(uint32_t bits, const struct change *changes, size_t count, enum status expected)
{
    for (size_t i = 0; i < count; i++) {
        struct fat_image image;
        fat_image_make(&image, bits, bits == 32 ? 65525 : 4085, 1);
        uint8_t *at = image.bytes + changes[i].offset;
        if (changes[i].size == 1)
            *at = (uint8_t)changes[i].value;
        else if (changes[i].size == 2)
            put16(at, changes[i].value);
        else
            put32(at, changes[i].value);
        if (mount(&image) != expected)
            fail_msg("FAT%u, %u at byte %u: not as expected", bits, changes[i].value, changes[i].offset);
        fat_image_free(&image);
    }
}

static void bad_boot_sectors_are_refused(void **state)
{
    (void)state;
    static const struct change common[] = {
        {11, 2, 0},   {11, 2, 3},          {11, 2, 256},   {11, 2, 513},     {11, 2, 8192}, {13, 1, 0},   {13, 1, 3},
        {13, 1, 255}, {14, 2, 0},          {14, 2, 65535}, {16, 1, 0},       {16, 1, 3},    {16, 1, 255}, {32, 4, 0},
        {32, 4, 10},  {32, 4, 0xffffffff}, {510, 2, 0},    {510, 2, 0x55aa}, {11, 2, 4096},
    };
    static const struct change narrow[] = {
        {17, 2, 511}, {17, 2, 0},     {22, 2, 0}, {22, 2, 1},
        {22, 2, 15},  {22, 2, 65535}, {19, 2, 1}, /* the 16-bit number of sectors goes first */
    };
    static const struct change wide[] = {
        {13, 1, 128}, {17, 2, 16}, {22, 2, 512},   {36, 4, 0},          {36, 4, 511},  {36, 4, 0xffffffff}, {42, 2, 1},
        {44, 4, 0},   {44, 4, 1},  {44, 4, 65527}, {44, 4, 0xffffffff}, {40, 2, 0x82}, {40, 2, 0x8f},
    };
    check_changes(16, common, ARRAY_LENGTH(common), STATUS_FAT_BAD);
    check_changes(32, common, ARRAY_LENGTH(common), STATUS_FAT_BAD);
    check_changes(16, narrow, ARRAY_LENGTH(narrow), STATUS_FAT_BAD);
    check_changes(32, wide, ARRAY_LENGTH(wide), STATUS_FAT_BAD);
}

static void harmless_oddities_are_accepted(void **state)
{
    (void)state;
    static const struct change common[] = {
        {0, 4, 0}, {3, 4, 0}, {21, 1, 0}, {24, 4, 0}, {28, 4, 0xffffffff},
    };
    static const struct change wide[] = {{40, 2, 1},     {40, 2, 0x80}, {40, 2, 0x81},
                                         {44, 4, 65526}, {48, 2, 0},    {50, 2, 0}};
    check_changes(16, common, ARRAY_LENGTH(common), STATUS_OK);
    check_changes(32, wide, ARRAY_LENGTH(wide), STATUS_OK);
}

static void the_volume_must_be_where_it_is_said_to_be(void **state)
{
    (void)state;
    struct fat_image image;
    fat_image_make(&image, 12, 100, 1);
    struct block *block = &image.disk.block;
    assert_int_equal(fat_mount(&fat, block, 0, image.size - 1, &error), STATUS_FAT_BAD);
    assert_int_equal(fat_mount(&fat, block, 0, image.size + 1, &error), STATUS_DISK_SHORT);
    assert_int_equal(fat_mount(&fat, block, image.size, 512, &error), STATUS_DISK_SHORT);
    assert_int_equal(fat_mount(&fat, block, UINT64_MAX, 512, &error), STATUS_DISK_SHORT);
    assert_int_equal(fat_mount(&fat, block, 0, 511, &error), STATUS_DISK_SHORT);
    image.disk.fail_end = 1;
    assert_int_equal(mount(&image), STATUS_READ_ERROR);
    fat_image_free(&image);
}

/* --- chains --- */

static void files_of_all_sizes_read_back(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 511, 512, 513, 5000, 20000};
    uint8_t *bytes = malloc(20000);
    for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
        struct fat_image image;
        fat_image_make(&image, types[t].bits, types[t].clusters, 1);
        for (uint32_t i = 0, cluster = 3; i < ARRAY_LENGTH(sizes); cluster += sizes[i] / 512 + 1, i++) {
            char name[12];
            snprintf(name, sizeof name, "FILE%u   BIN", i);
            fat_image_add(&image, name, cluster, sizes[i]);
        }
        assert_int_equal(mount(&image), STATUS_OK);
        for (uint32_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
            char path[16];
            struct fat_file file;
            snprintf(path, sizeof path, "/file%u.bin", i);
            assert_int_equal(fat_open(&fat, path, &file, &error), STATUS_OK);
            assert_int_equal(file.size, sizes[i]);
            assert_int_equal(fat_read(&file, 0, sizes[i], bytes, &error), STATUS_OK);
            for (uint32_t at = 0; at < sizes[i]; at++)
                assert_int_equal(bytes[at], fat_image_byte(at));
            assert_int_equal(fat_read(&file, 0, sizes[i] + 1ull, bytes, &error), STATUS_FILE_SHORT);
            assert_int_equal(fat_read(&file, sizes[i], 1, bytes, &error), STATUS_FILE_SHORT);
            assert_int_equal(fat_read(&file, UINT64_MAX, 2, bytes, &error), STATUS_FILE_SHORT);
            assert_int_equal(fat_read(&file, sizes[i], 0, bytes, &error), STATUS_OK);
        }
        fat_image_free(&image);
    }
    free(bytes);
}

/* Every other cluster is the file's: cluster 3, 5, 7, ... in this order, or backwards. */
static void make_fragmented(struct fat_image *image, size_t type, uint32_t count, bool backwards)
{
    fat_image_make(image, types[type].bits, types[type].clusters, 1);
    fat_image_add(image, "FRAG    BIN", 3, 1);
    put32(fat_image_root(image) + 28, count * 512);
    uint32_t last = 3 + 2 * (count - 1), step = backwards ? UINT32_MAX - 1 : 2, cluster = backwards ? last : 3;
    put16(fat_image_root(image) + 26, cluster);
    for (uint32_t i = 0; i < count; i++, cluster += step) {
        for (uint32_t at = 0; at < 512; at++)
            fat_image_cluster(image, cluster)[at] = fat_image_byte(i * 512 + at);
        fat_image_set(image, cluster, i + 1 < count ? cluster + step : 0x0fffffff);
    }
}

static void fragmented_files_read_back_from_any_offset(void **state)
{
    (void)state;
    uint8_t bytes[40 * 512];
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(types); i++) {
        struct fat_image image;
        struct fat_file file;
        make_fragmented(&image, i / 2, 40, i % 2 != 0);
        assert_int_equal(mount(&image), STATUS_OK);
        assert_int_equal(fat_open(&fat, "/frag.bin", &file, &error), STATUS_OK);
        for (uint32_t round = 0, seed = 1; round < 300; round++) {
            seed = seed * 1103515245 + 12345;
            uint32_t start = (seed >> 8) % sizeof bytes, size = (seed >> 4) % (uint32_t)(sizeof bytes - start) + 1;
            assert_int_equal(fat_read(&file, start, size, bytes, &error), STATUS_OK);
            for (uint32_t at = 0; at < size; at++)
                assert_int_equal(bytes[at], fat_image_byte(start + at));
        }
        fat_image_free(&image);
    }
}

static void damaged_chains_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[5000];
    for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
        uint32_t end = types[t].bits == 32 ? 0x0fffffff : (1u << types[t].bits) - 1;
        const uint32_t bad[] = {0, 1, types[t].clusters + 2, end - 8 /* bad cluster */, end - 15, end /* too early */};
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
            struct fat_image image;
            struct fat_file file;
            fat_image_make(&image, types[t].bits, types[t].clusters, 1);
            fat_image_add(&image, "FILE    BIN", 5, 5000);
            fat_image_set(&image, 8, bad[i]);
            assert_int_equal(mount(&image), STATUS_OK);
            assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
            assert_int_equal(fat_read(&file, 0, 4 * 512, bytes, &error), STATUS_OK); /* what comes before is fine */
            assert_int_equal(fat_read(&file, 0, 5000, bytes, &error), STATUS_FAT_CHAIN);
            assert_int_equal(fat_read(&file, 4999, 1, bytes, &error), STATUS_FAT_CHAIN);
            fat_image_free(&image);
        }
    }
}

static void bad_first_clusters_are_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0, 1, 65527, 0x0fffffff, 0xffffffff, 0x10000003};
    uint8_t byte;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct fat_image image;
        struct fat_file file;
        fat_image_make(&image, 32, 65525, 1);
        fat_image_entry(fat_image_root(&image), "FILE    BIN", 0x20, bad[i], 1);
        assert_int_equal(mount(&image), STATUS_OK);
        assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
        assert_int_equal(fat_read(&file, 0, 1, &byte, &error), STATUS_FAT_CHAIN);
        fat_image_free(&image);
    }
}

/* Loops end at the file's size, and a file can't be bigger than its volume. */
static void loops_end(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t *bytes = malloc(100 * 512);
    fat_image_make(&image, 12, 100, 1);
    fat_image_add(&image, "LOOP    BIN", 5, 1);
    fat_image_set(&image, 5, 5);
    put32(fat_image_root(&image) + 28, 100 * 512);
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/loop.bin", &file, &error), STATUS_OK);
    uint64_t before = image.disk.reads;
    assert_int_equal(fat_read(&file, 0, 100 * 512, bytes, &error), STATUS_OK);
    assert_in_range(image.disk.reads - before, 1, 101);
    static const uint32_t sizes[] = {100 * 512 + 1, 0xffffffff};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        put32(fat_image_root(&image) + 28, sizes[i]);
        assert_int_equal(mount(&image), STATUS_OK);
        assert_int_equal(fat_open(&fat, "/loop.bin", &file, &error), STATUS_OK);
        assert_int_equal(file.size, sizes[i]);
        assert_int_equal(fat_read(&file, sizes[i] - 1, 1, bytes, &error), STATUS_FAT_CHAIN);
    }
    fat_image_free(&image);
    free(bytes);
}

/* Two files that share clusters, and a chain longer than the file: odd, but harmless. */
static void shared_and_long_chains_are_read(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t bytes[512];
    fat_image_make(&image, 12, 100, 1);
    fat_image_add(&image, "ONE     BIN", 5, 2000);
    fat_image_entry(fat_image_root(&image) + FAT_ENTRY_SIZE, "TWO     BIN", 0x20, 6, 512);
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/two.bin", &file, &error), STATUS_OK);
    assert_int_equal(fat_read(&file, 0, 512, bytes, &error), STATUS_OK);
    assert_int_equal(bytes[0], fat_image_byte(512));
    fat_image_free(&image);
}

static void the_active_table_counts(void **state)
{
    (void)state;
    static const struct {
        uint32_t flags, spoilt; /* the table that is damaged */
        enum status status;
    } cases[] = {{0, 1, STATUS_OK},    {0, 0, STATUS_FAT_CHAIN},    {0x80, 1, STATUS_OK}, {0x80, 0, STATUS_FAT_CHAIN},
                 {0x81, 0, STATUS_OK}, {0x81, 1, STATUS_FAT_CHAIN}, {0x01, 1, STATUS_OK}};
    uint8_t bytes[2000];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_image image;
        struct fat_file file;
        fat_image_make(&image, 32, 65525, 1);
        fat_image_add(&image, "FILE    BIN", 5, 2000);
        put16(image.bytes + 40, cases[i].flags);
        fat_image_set_in(&image, cases[i].spoilt, 6, 1);
        assert_int_equal(mount(&image), STATUS_OK);
        assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
        assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), cases[i].status);
        fat_image_free(&image);
    }
}

static void one_table_is_enough(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t bytes[2000];
    fat_image_make(&image, 12, 100, 1);
    image.bytes[16] = 1; /* what was the second table is reserved then; the rest stays where it is */
    put16(image.bytes + 14, 1 + image.fat_size / 512);
    fat_image_add(&image, "FILE    BIN", 5, 2000);
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
    assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), STATUS_OK);
    fat_image_free(&image);
}

static void a_sector_size_of_its_own(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t bytes[2000];
    fat_image_make(&image, 12, 100, 1);
    fat_image_add(&image, "FILE    BIN", 5, 2000);
    image.disk.block.sector_size = 4096;
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
    assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), STATUS_OK);
    fat_image_free(&image);
}

/* --- cost --- */

static void neighbours_are_one_read(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint32_t size = 4000 * 512;
    uint8_t *bytes = malloc(size);
    fat_image_make(&image, 32, 65525, 1);
    fat_image_add(&image, "BIG     BIN", 1000, size);
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/big.bin", &file, &error), STATUS_OK);
    uint64_t reads = image.disk.reads, read = image.disk.bytes_read;
    assert_int_equal(fat_read(&file, 0, size, bytes, &error), STATUS_OK);
    assert_int_equal(image.disk.largest, size);
    /* 4000 entries of four bytes are five windows of 4 KiB at most, each read once. */
    assert_in_range(image.disk.reads - reads, 1 + 4, 1 + 5);
    assert_in_range(image.disk.bytes_read - read, size + 4 * FAT_WINDOW_SIZE, size + 5 * FAT_WINDOW_SIZE);
    fat_image_free(&image);
    free(bytes);
}

static void sequential_reads_go_on_where_they_stopped(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t bytes[512];
    make_fragmented(&image, 2, 4000, false);
    assert_int_equal(mount(&image), STATUS_OK);
    assert_int_equal(fat_open(&fat, "/frag.bin", &file, &error), STATUS_OK);
    uint64_t reads = image.disk.reads;
    for (uint32_t i = 0; i < 4000; i++)
        assert_int_equal(fat_read(&file, i * 512, 512, bytes, &error), STATUS_OK);
    assert_in_range(image.disk.reads - reads, 4000 + 8, 4000 + 9); /* 32 KiB of table */
    fat_image_free(&image);
}

static void a_failing_disk_is_reported_and_not_remembered(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    uint8_t bytes[2000];
    fat_image_make(&image, 12, 100, 1);
    fat_image_add(&image, "FILE    BIN", 5, 2000);
    assert_int_equal(mount(&image), STATUS_OK);
    image.disk.fail_start = image.root_offset;
    image.disk.fail_end = image.root_offset + 1;
    assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_READ_ERROR);
    image.disk.fail_end = 0;
    assert_int_equal(fat_open(&fat, "/file.bin", &file, &error), STATUS_OK);
    image.disk.fail_start = image.fat_offset;
    image.disk.fail_end = image.fat_offset + 1;
    assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), STATUS_READ_ERROR);
    image.disk.fail_start = image.data_offset + 5 * 512;
    image.disk.fail_end = image.disk.fail_start + 1;
    assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), STATUS_READ_ERROR);
    image.disk.fail_end = 0;
    assert_int_equal(fat_read(&file, 0, 2000, bytes, &error), STATUS_OK);
    assert_int_equal(bytes[1999], fat_image_byte(1999));
    fat_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_clusters_makes_the_type),
        cmocka_unit_test(bad_boot_sectors_are_refused),
        cmocka_unit_test(harmless_oddities_are_accepted),
        cmocka_unit_test(the_volume_must_be_where_it_is_said_to_be),
        cmocka_unit_test(files_of_all_sizes_read_back),
        cmocka_unit_test(fragmented_files_read_back_from_any_offset),
        cmocka_unit_test(damaged_chains_are_refused),
        cmocka_unit_test(bad_first_clusters_are_refused),
        cmocka_unit_test(loops_end),
        cmocka_unit_test(shared_and_long_chains_are_read),
        cmocka_unit_test(the_active_table_counts),
        cmocka_unit_test(one_table_is_enough),
        cmocka_unit_test(a_sector_size_of_its_own),
        cmocka_unit_test(neighbours_are_one_read),
        cmocka_unit_test(sequential_reads_go_on_where_they_stopped),
        cmocka_unit_test(a_failing_disk_is_reported_and_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
