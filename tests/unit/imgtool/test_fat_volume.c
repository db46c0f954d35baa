/* fat_tree, fat_geometry and fat_write, judged by the loaders' reader. */
#include "cmocka_all.h"

#include "fat.h"
#include "fat_write.h"
#include "host_block.h"
#include "host_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static enum exit_code make_geometry(const struct fat_tree *tree, uint32_t bits, uint64_t sectors, uint32_t boot_sectors,
                                    struct fat_geometry *geometry)
{
    struct fat_geometry_wishes wishes = {
        .bits = bits, .sectors = sectors, .granularity = 2048, .boot_sectors = boot_sectors};
    return fat_geometry_make(tree, &wishes, geometry);
}

#define MIB (1ull << 20)

static struct error error;

static const char *short_name(const struct fat_tree *tree, uint32_t node)
{
    static char text[13];
    uint8_t entry[FAT_ENTRY_SIZE] = {0};
    memcpy(entry, tree->nodes[node].short_name, FAT_SHORT_NAME_SIZE);
    fat_short_name_text(entry, false, text);
    return text;
}

static void short_names_are_made(void **state)
{
    (void)state;
    static const struct {
        const char *name, *short_name;
        bool has_long;
    } cases[] = {
        {"KERNEL.ELF", "KERNEL.ELF", false},
        {"kernel.elf", "KERNEL.ELF", true},
        {"NAME", "NAME", false},
        {"eight888.txt", "EIGHT888.TXT", true},
        {"ninechars.txt", "NINECH~1.TXT", true},
        {"A.LONG", "A~1.LON", true},
        {"two.dots.txt", "TWODOT~1.TXT", true},
        {".hidden", "HIDDEN~1", true},
        {"a b", "AB~1", true},
        {"a+b", "A_B~1", true},
        {"\xc3\xa4.txt", "_~1.TXT", true},
        {"...x", "_~1.X", true},
        {"\xf0\x9f\x98\x80", "_~1", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_tree tree;
        char path[64];
        snprintf(path, sizeof path, "/%s", cases[i].name);
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, path, 0, 0), EXIT_OK);
        assert_string_equal(short_name(&tree, 1), cases[i].short_name);
        assert_int_equal(fat_node_entries(&tree.nodes[1]) > 1, cases[i].has_long);
        fat_tree_free(&tree);
    }
}

static void short_names_are_unique(void **state)
{
    (void)state;
    struct fat_tree tree;
    assert_int_equal(fat_tree_init(&tree), EXIT_OK);
    for (int i = 0; i < 1200; i++) {
        char path[64];
        snprintf(path, sizeof path, "/a long name, number %d.text", i);
        assert_int_equal(fat_tree_add(&tree, path, 0, 0), EXIT_OK);
    }
    for (uint32_t i = 1; i < tree.count; i++)
        for (uint32_t j = 1; j < i; j++)
            assert_memory_not_equal(tree.nodes[i].short_name, tree.nodes[j].short_name, FAT_SHORT_NAME_SIZE);
    assert_string_equal(short_name(&tree, 1), "ALONGN~1.TEX");
    assert_string_equal(short_name(&tree, 1100), "ALO~1100.TEX");
    assert_int_equal(fat_node_entries(&tree.nodes[1]), 1 + 2);    /* 26 characters */
    assert_int_equal(fat_node_entries(&tree.nodes[1200]), 1 + 3); /* 29 */
    assert_int_equal(tree.nodes[0].size, (1 + 10 * 3 + 1190 * 4) * FAT_ENTRY_SIZE);
    fat_tree_free(&tree);
}

static void names_that_would_clash_are_refused(void **state)
{
    (void)state;
    struct fat_tree tree;
    assert_int_equal(fat_tree_init(&tree), EXIT_OK);
    assert_int_equal(fat_tree_add(&tree, "/Dir/a long name.txt", 0, 0), EXIT_OK);
    assert_int_equal(fat_tree_add(&tree, "/dir/A Long Name.TXT", 0, 0), EXIT_INPUT_REJECTED);
    assert_int_equal(fat_tree_add(&tree, "/dir/alongn~1.txt", 0, 0), EXIT_INPUT_REJECTED); /* its short name */
    assert_int_equal(fat_tree_add(&tree, "/DIR", 0, 0), EXIT_INPUT_REJECTED);
    assert_int_equal(fat_tree_add(&tree, "/dir/a long name.txt/x", 0, 0), EXIT_INPUT_REJECTED);
    assert_int_equal(fat_tree_add(&tree, "/DIR/other", 0, 0), EXIT_OK);
    assert_int_equal(tree.count, 4);
    fat_tree_free(&tree);
}

/* --- geometry --- */

static uint64_t clusters_needed(const struct fat_geometry *geometry, const struct fat_tree *tree)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < tree->count; i++)
        sum += fat_geometry_clusters(geometry, tree, i);
    return sum;
}

static void check_geometry(const struct fat_geometry *geometry, const struct fat_tree *tree)
{
    uint64_t tables = geometry->reserved_sectors + 2ull * geometry->fat_sectors +
                      geometry->root_entries * FAT_ENTRY_SIZE / FAT_SECTOR_SIZE;
    uint32_t type = geometry->cluster_count <= 4084 ? 12 : geometry->cluster_count <= 65524 ? 16 : 32;
    assert_int_equal(type, geometry->bits);
    assert_int_equal(geometry->data_offset, tables * FAT_SECTOR_SIZE);
    assert_true(geometry->data_offset % 4096 == 0 || (geometry->data_offset + geometry->lead * 512ull) % MIB == 0);
    assert_int_equal((geometry->sectors - tables) / geometry->sectors_per_cluster, geometry->cluster_count);
    assert_true((geometry->cluster_count + 2ull) * geometry->bits <= geometry->fat_sectors * 4096ull);
    assert_int_equal(geometry->used_clusters, clusters_needed(geometry, tree));
    assert_true(geometry->used_clusters <= geometry->cluster_count);
    assert_true(geometry->sectors_per_cluster <= 64);
    /* Whole files, one behind the other. */
    uint64_t next = 2;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint64_t count = fat_geometry_clusters(geometry, tree, i);
        assert_int_equal(geometry->first_clusters[i], count == 0 ? 0 : next);
        next += count;
    }
}

static void every_size_of_content_fits(void **state)
{
    (void)state;
    static const uint32_t types[] = {12, 16, 32};
    static const uint64_t largest[] = {126ull << 20, 2040ull << 20, FAT_FILE_SIZE_MAX};
    uint64_t seed = 1;
    for (uint32_t round = 0; round < 6000; round++) {
        uint32_t type = round % 3;
        struct fat_tree tree;
        struct fat_geometry geometry, again;
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t size = (seed >> 16) % largest[type] >> (seed >> 8) % 28;
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/boot/kernel.elf", size, 0), EXIT_OK);
        uint32_t boot_sectors = round / 3 % 2 * 213;
        assert_int_equal(make_geometry(&tree, types[type], 0, boot_sectors, &geometry), EXIT_OK);
        assert_int_equal(geometry.sectors % 2048, 0);
        assert_true(geometry.reserved_sectors >= boot_sectors);
        check_geometry(&geometry, &tree);
        assert_int_equal(make_geometry(&tree, types[type], geometry.sectors, boot_sectors, &again), EXIT_OK);
        check_geometry(&again, &tree);
        fat_geometry_free(&geometry);
        fat_geometry_free(&again);
        fat_tree_free(&tree);
    }
}

/* A whole file, or the rest of one; even on a volume of a size that leaves no room for that all is found. */
static void the_longest_piece_is_aligned(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {17 * MIB, 40 * MIB + 1, 300 * MIB + 5000, 2000 * MIB};
    for (size_t n = 0; n < ARRAY_LENGTH(sizes) * 4; n++) {
        uint32_t bits = n % 2 == 0 ? 16 : 32;
        struct fat_tree tree;
        struct fat_geometry geometry, tight;
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/stagecoach.conf", 30, 0), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/kernel.elf", sizes[n / 4], 1), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/dir/other", 70000, 2), EXIT_OK);
        tree.nodes[2].head = n % 4 < 2 ? 0 : 90000;
        assert_int_equal(make_geometry(&tree, bits, 0, 0, &geometry), EXIT_OK);
        const struct fat_run *longest = &geometry.runs[bits == 32 ? 2 : 1];
        if (tree.nodes[2].head != 0)
            longest = &geometry.runs[geometry.run_count - 1];
        assert_int_equal(longest->node, 2);
        assert_int_equal(fat_geometry_offset(&geometry, longest->first) % MIB, 0);
        assert_true(geometry.reserved_sectors <= 2048 + 64);
        /* As many clusters as are used, and less than a MiB more than that takes. */
        uint64_t most = geometry.data_offset + geometry.used_clusters * geometry.sectors_per_cluster * 512ull + 2 * MIB;
        assert_true(geometry.used_clusters < 65541 || geometry.sectors * 512ull < most);
        if (make_geometry(&tree, bits, geometry.sectors - 2048, 0, &tight) == EXIT_OK) {
            assert_int_equal(tight.used_clusters, clusters_needed(&tight, &tree));
            assert_true(tight.used_clusters <= tight.cluster_count);
            fat_geometry_free(&tight);
        }
        fat_geometry_free(&geometry);
        fat_tree_free(&tree);
    }
}

static void every_size_of_volume_is_used_or_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        uint64_t least, most; /* MiB */
    } types[] = {{12, 1, 127}, {16, 3, 2047}, {32, 33, 2097151}};
    struct fat_tree tree;
    assert_int_equal(fat_tree_init(&tree), EXIT_OK);
    assert_int_equal(fat_tree_add(&tree, "/kernel.elf", 1000, 0), EXIT_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        for (uint64_t mib = types[i].least; mib <= types[i].most; mib += 1 + mib / 50) {
            struct fat_geometry geometry;
            assert_int_equal(make_geometry(&tree, types[i].bits, mib * 2048, 0, &geometry), EXIT_OK);
            assert_int_equal(geometry.sectors, mib * 2048);
            check_geometry(&geometry, &tree);
            fat_geometry_free(&geometry);
        }
    }
    struct fat_geometry none;
    assert_int_equal(make_geometry(&tree, 12, 200 * 2048, 0, &none), EXIT_INPUT_REJECTED);
    assert_int_equal(make_geometry(&tree, 16, 2 * 2048, 0, &none), EXIT_INPUT_REJECTED);
    assert_int_equal(make_geometry(&tree, 16, 3000 * 2048, 0, &none), EXIT_INPUT_REJECTED);
    assert_int_equal(make_geometry(&tree, 32, 32 * 2048, 0, &none), EXIT_INPUT_REJECTED);
    assert_int_equal(make_geometry(&tree, 32, 1ull << 32, 0, &none), EXIT_INPUT_REJECTED);
    fat_tree_free(&tree);
}

/* --- writing --- */

static void the_loader_reads_what_was_written(void **state)
{
    (void)state;
    static const char *const paths[] = {"/KERNEL.ELF", "/boot/Kernel with a long name.elf", "/boot/a/b/c/d/deep.txt",
                                        "/\xf0\x9f\x98\x80/\xc3\xa4\xe2\x82\xac.txt", "/empty"};
    static const uint32_t types[] = {12, 16, 32};
    static struct fat fat;
    for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
        struct fat_tree tree;
        struct fat_geometry geometry;
        struct block block;
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        for (uint32_t i = 0; i < ARRAY_LENGTH(paths); i++)
            assert_int_equal(fat_tree_add(&tree, paths[i], i + 1 < ARRAY_LENGTH(paths) ? 70001 * i + 1 : 0, i),
                             EXIT_OK);
        assert_int_equal(make_geometry(&tree, types[t], 0, 0, &geometry), EXIT_OK);
        struct fat_volume volume = {&tree, &geometry, 4096, 0xcafe1234, fat_stamp_make(0), NULL};
        int fd = memfd_create("volume", 0);
        assert_int_equal(ftruncate(fd, 4096 + (off_t)geometry.sectors * 512), 0);
        assert_int_equal(fat_write(&volume, fd, "volume"), EXIT_OK);
        host_block_init(&block, fd, 4096 + geometry.sectors * 512ull, 512);
        assert_int_equal(fat_mount(&fat, &block, 4096, geometry.sectors * 512ull, &error), STATUS_OK);
        assert_int_equal(fat.bits, types[t]);
        assert_int_equal(fat.volume_id, 0xcafe1234);
        assert_int_equal(fat.cluster_count, geometry.cluster_count);
        assert_int_equal(fat.data_offset, geometry.data_offset);
        for (uint32_t i = 0; i < ARRAY_LENGTH(paths); i++) {
            struct fat_file file;
            uint8_t byte;
            assert_int_equal(fat_open(&fat, paths[i], &file, &error), STATUS_OK);
            uint32_t node = 1;
            while (tree.nodes[node].directory || tree.nodes[node].content != i)
                node++;
            assert_int_equal(file.first_cluster, geometry.first_clusters[node]);
            assert_int_equal(file.size, tree.nodes[node].size);
            if (file.size > 0)
                assert_int_equal(fat_read(&file, file.size - 1, 1, &byte, &error), STATUS_OK);
        }
        close(fd);
        fat_geometry_free(&geometry);
        fat_tree_free(&tree);
    }
}

/* Bytes of a file that tell where in it they stand. */
static void fill(uint8_t *bytes, uint64_t offset, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)((offset + i) * 31 ^ (offset + i) >> 8);
}

static void write_runs_of(uint32_t node, const struct fat_volume *volume, int fd)
{
    const struct fat_geometry *geometry = volume->geometry;
    for (uint32_t i = 0; i < geometry->run_count; i++) {
        const struct fat_run *run = &geometry->runs[i];
        uint64_t size = run->count * geometry->sectors_per_cluster * 512ull;
        uint8_t *bytes = malloc(size);
        assert_non_null(bytes);
        fill(bytes, run->offset, size);
        if (run->node == node)
            assert_int_equal(
                host_write(fd, volume->offset + fat_geometry_offset(geometry, run->first), bytes, size, "v"), EXIT_OK);
        free(bytes);
    }
}

static void a_parted_file_goes_on_behind_all_others(void **state)
{
    (void)state;
    static const uint32_t types[] = {12, 16, 32}, heads[] = {0, 1, 512, 30001, 69900, 70001, 99999};
    static struct fat fat;
    static uint8_t expected[70001], found[70001];
    fill(expected, 0, sizeof expected);
    for (size_t n = 0; n < ARRAY_LENGTH(types) * ARRAY_LENGTH(heads); n++) {
        uint32_t bits = types[n % ARRAY_LENGTH(types)], head = heads[n / ARRAY_LENGTH(types)];
        struct fat_tree tree;
        struct fat_geometry geometry;
        struct block block;
        struct fat_file file;
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/kernel.elf", sizeof expected, 0), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/dir/other", 5000, 1), EXIT_OK);
        tree.nodes[1].head = head;
        assert_int_equal(make_geometry(&tree, bits, 0, 0, &geometry), EXIT_OK);
        assert_int_equal(geometry.used_clusters, clusters_needed(&geometry, &tree));
        uint64_t cluster = geometry.sectors_per_cluster * 512ull, next = 2;
        for (uint32_t i = 0; i < geometry.run_count; next += geometry.runs[i++].count)
            assert_int_equal(geometry.runs[i].first, next);
        const struct fat_run *last = &geometry.runs[geometry.run_count - 1];
        bool parted = head != 0 && (head + cluster - 1) / cluster < (sizeof expected + cluster - 1) / cluster;
        assert_int_equal(last->node, parted ? 1 : 3);
        assert_int_equal(last->offset, parted ? (head + cluster - 1) / cluster * cluster : 0);
        struct fat_volume volume = {&tree, &geometry, 0, 1, fat_stamp_make(0), NULL};
        int fd = memfd_create("volume", 0);
        assert_int_equal(ftruncate(fd, (off_t)geometry.sectors * 512), 0);
        assert_int_equal(fat_write(&volume, fd, "volume"), EXIT_OK);
        write_runs_of(1, &volume, fd);
        host_block_init(&block, fd, geometry.sectors * 512ull, 512);
        assert_int_equal(fat_mount(&fat, &block, 0, geometry.sectors * 512ull, &error), STATUS_OK);
        assert_int_equal(fat_open(&fat, "/kernel.elf", &file, &error), STATUS_OK);
        assert_int_equal(fat_read(&file, 0, sizeof found, found, &error), STATUS_OK);
        assert_memory_equal(found, expected, sizeof found);
        close(fd);
        fat_geometry_free(&geometry);
        fat_tree_free(&tree);
    }
}

static void dates_stay_in_fats_range(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        uint32_t year, month, day, hour, minute, second;
    } cases[] = {
        {0, 1980, 1, 1, 0, 0, 0},          {INT64_MIN, 1980, 1, 1, 0, 0, 0},
        {315532800, 1980, 1, 1, 0, 0, 0},  {1700000000, 2023, 11, 14, 22, 13, 20},
        {951782400, 2000, 2, 29, 0, 0, 0}, {INT64_MAX, 2107, 12, 31, 23, 59, 58},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_stamp stamp = fat_stamp_make(cases[i].seconds);
        assert_int_equal(stamp.date >> 9, cases[i].year - 1980);
        assert_int_equal(stamp.date >> 5 & 15, cases[i].month);
        assert_int_equal(stamp.date & 31, cases[i].day);
        assert_int_equal(stamp.time >> 11, cases[i].hour);
        assert_int_equal(stamp.time >> 5 & 63, cases[i].minute);
        assert_int_equal((stamp.time & 31) * 2, cases[i].second);
    }
}

static void room_for_later_is_kept_where_there_is_some(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        uint64_t sectors;
        bool spacious;
    } cases[] = {{12, 0, true},    {16, 0, true},     {32, 0, true},     {12, 1000, true},   {12, 400, false},
                 {16, 5000, true}, {16, 4400, false}, {32, 68000, true}, {32, 66900, false}, {32, 200000, true}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_tree tree;
        struct fat_geometry geometry;
        struct fat_geometry_wishes wishes = {.bits = cases[i].bits,
                                             .sectors = cases[i].sectors,
                                             .granularity = 2048,
                                             .boot_sectors = 190,
                                             .boot_spacious = 520};
        assert_int_equal(fat_tree_init(&tree), EXIT_OK);
        assert_int_equal(fat_tree_add(&tree, "/file", 1, 0), EXIT_OK);
        assert_int_equal(fat_geometry_make(&tree, &wishes, &geometry), EXIT_OK);
        assert_int_equal(geometry.reserved_sectors >= 520, cases[i].spacious);
        assert_true(geometry.reserved_sectors >= 190);
        fat_geometry_free(&geometry);
        fat_tree_free(&tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_names_are_made),
        cmocka_unit_test(short_names_are_unique),
        cmocka_unit_test(names_that_would_clash_are_refused),
        cmocka_unit_test(every_size_of_content_fits),
        cmocka_unit_test(every_size_of_volume_is_used_or_refused),
        cmocka_unit_test(the_longest_piece_is_aligned),
        cmocka_unit_test(the_loader_reads_what_was_written),
        cmocka_unit_test(a_parted_file_goes_on_behind_all_others),
        cmocka_unit_test(dates_stay_in_fats_range),
        cmocka_unit_test(room_for_later_is_kept_where_there_is_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
