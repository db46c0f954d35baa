#include "cmocka_all.h"

#include "support/fat_image.h"

#include <stdio.h>
#include <string.h>

static struct fat fat;
static struct error error;
static struct fat_entry entry;

#define READ_ONLY 0x01u
#define ARCHIVE 0x20u

static void mount(struct fat_image *image)
{
    assert_int_equal(fat_mount(&fat, &image->disk.block, 0, image->size, &error), STATUS_OK);
}

static enum status find(const char *path)
{
    struct fat_file file;
    return fat_open(&fat, path, &file, &error);
}

/* All names of a directory, each followed by '|'. */
static const char *list(const char *path, enum status *status)
{
    static char names[4096];
    struct fat_file directory;
    uint64_t position = 0;
    names[0] = '\0';
    assert_int_equal(fat_open(&fat, path, &directory, &error), STATUS_OK);
    while (fat_next(&directory, &position, &entry, status, &error)) {
        if (strlen(names) + strlen(entry.name) + 2 < sizeof names)
            strcat(strcat(names, entry.name), "|");
    }
    return names;
}

static uint32_t to_units(const char *text, uint16_t *units)
{
    uint32_t count = 0;
    while (*text != '\0')
        units[count++] = (uint8_t)*text++;
    return count;
}

static uint8_t *put_named(uint8_t *to, const char *long_name, const char *short_name, uint32_t cluster, uint32_t size)
{
    uint16_t units[300];
    to = fat_image_long(to, units, to_units(long_name, units), short_name);
    return fat_image_entry(to, short_name, ARCHIVE, cluster, size);
}

static void names_are_found_in_any_case(void **state)
{
    (void)state;
    struct fat_image image;
    enum status status;
    fat_image_make(&image, 12, 100, 1);
    uint8_t *at = fat_image_entry(fat_image_root(&image), "KERNEL  ELF", ARCHIVE, 0, 0);
    at = put_named(at, "A long name.configuration", "ALONGN~1CON", 0, 0);
    at = fat_image_entry(at, "NOEXT      ", READ_ONLY, 0, 0);
    at = fat_image_entry(at, "LOWER   ELF", ARCHIVE, 0, 0);
    *(at - FAT_ENTRY_SIZE + 12) = 0x18; /* Windows NT: base and extension in lower case */
    at = fat_image_entry(at, "MIXED   TXT", ARCHIVE, 0, 0);
    *(at - FAT_ENTRY_SIZE + 12) = 0x08;
    mount(&image);
    assert_string_equal(list("/", &status), "KERNEL.ELF|A long name.configuration|NOEXT|lower.elf|mixed.TXT|");
    assert_int_equal(status, STATUS_OK);
    static const char *const there[] = {"/kernel.elf",   "/KERNEL.ELF", "/Kernel.Elf", "/a LONG name.CONFIGURATION",
                                        "/alongn~1.con", "/noext",      "/LOWER.ELF",  "/lower.elf",
                                        "/Mixed.txt"};
    static const char *const missing[] = {"/kernel",      "/kernel.el", "/kernel.elfx", "/kernelelf",
                                          "/a long name", "/noext.x",   "/alongn~1",    "/kernel.elf/x"};
    for (size_t i = 0; i < ARRAY_LENGTH(there); i++)
        assert_int_equal(find(there[i]), STATUS_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(missing); i++)
        assert_int_equal(find(missing[i]), STATUS_FILE_NOT_FOUND);
    assert_int_equal(find("kernel.elf"), STATUS_PATH_BAD);
    assert_int_equal(find("/x/../kernel.elf"), STATUS_PATH_BAD);
    fat_image_free(&image);
}

static void what_is_no_file_is_left_out(void **state)
{
    (void)state;
    struct fat_image image;
    enum status status;
    fat_image_make(&image, 12, 100, 1);
    uint8_t *at = fat_image_entry(fat_image_root(&image), "A LABEL    ", FAT_ATTRIBUTE_VOLUME, 0, 0);
    at = fat_image_entry(at, "KERNEL  ELF", FAT_ATTRIBUTE_VOLUME | ARCHIVE, 0, 0); /* a label, too */
    at = fat_image_entry(at,
                         "\xe5"
                         "ELETED TXT",
                         ARCHIVE, 0, 0);
    at = fat_image_entry(at,
                         "\x05"
                         "ANJI   TXT",
                         ARCHIVE, 0, 0); /* begins with 0xE5 */
    at = fat_image_entry(at, ".          ", FAT_ATTRIBUTE_DIRECTORY, 0, 0);
    at = fat_image_entry(at, "..         ", FAT_ATTRIBUTE_DIRECTORY, 0, 0);
    at = fat_image_entry(at, " SPACE  TXT", ARCHIVE, 0, 0);
    at = fat_image_entry(at, "\x90\xff\x1f\x7f    A/B", ARCHIVE, 0, 0);
    at = fat_image_entry(at, "LAST    TXT", ARCHIVE, 0, 0);
    at[0] = 0;
    fat_image_entry(at + FAT_ENTRY_SIZE, "BEHIND  TXT", ARCHIVE, 0, 0);
    mount(&image);
    assert_string_equal(list("/", &status), "?ANJI.TXT|\?\?\?\?.A?B|LAST.TXT|");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(find("/kernel.elf"), STATUS_FILE_NOT_FOUND);
    assert_int_equal(find("/behind.txt"), STATUS_FILE_NOT_FOUND);
    assert_int_equal(find("/deleted.txt"), STATUS_FILE_NOT_FOUND);
    fat_image_free(&image);
}

/* --- long names --- */

static const char *list_one(struct fat_image *image)
{
    enum status status;
    mount(image);
    const char *names = list("/", &status);
    assert_int_equal(status, STATUS_OK);
    fat_image_free(image);
    return names;
}

#define LONG "abcdefghijklmnopqrstuvwxyz.long" /* three parts */

static void broken_long_names_leave_the_short_one(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t offset, value;
    } cases[] = {
        {"order of the first", 0, 0x42},
        {"no last mark", 0, 0x03},
        {"order 0", 0, 0x40},
        {"order 21", 0, 0x55},
        {"order 63", 0, 0x7f},
        {"order of the second", 32, 0x03},
        {"last mark in the middle", 32, 0x42},
        {"order of the third", 64, 0x02},
        {"checksum of the first", 13, 1},
        {"checksum of the second", 32 + 13, 1},
        {"checksum of the third", 64 + 13, 1},
        {"type", 12, 1},
        {"deleted in the middle", 32, 0xe5},
        {"forbidden letter", 64 + 1, '/'},
        {"control letter", 64 + 1, 7},
        {"short name changed", 96, 'X'},
        {"empty", 64 + 1, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_image image;
        fat_image_make(&image, 12, 100, 1);
        put_named(fat_image_root(&image), LONG, "ABCDEF~1LON", 0, 0);
        fat_image_root(&image)[cases[i].offset] = (uint8_t)cases[i].value;
        const char *names = list_one(&image), *expected = cases[i].offset == 96 ? "XBCDEF~1.LON|" : "ABCDEF~1.LON|";
        bool whole = strcmp(cases[i].what, "last mark in the middle") == 0; /* a shorter name begins there */
        if (!whole && strcmp(names, expected) != 0)
            fail_msg("%s: '%s'", cases[i].what, names);
    }
    struct fat_image image;
    fat_image_make(&image, 12, 100, 1);
    put_named(fat_image_root(&image), LONG, "ABCDEF~1LON", 0, 0);
    assert_string_equal(list_one(&image), LONG "|");
}

static void a_long_name_belongs_to_what_follows_at_once(void **state)
{
    (void)state;
    struct fat_image image;
    uint16_t units[40];
    fat_image_make(&image, 12, 100, 1);
    uint8_t *at = fat_image_long(fat_image_root(&image), units, to_units(LONG, units), "ABCDEF~1LON");
    at = fat_image_entry(at, "BETWEEN TXT", ARCHIVE, 0, 0);
    at = fat_image_entry(at, "ABCDEF~1LON", ARCHIVE, 0, 0);
    at = fat_image_long(at, units, to_units("end.of.directory", units), "ENDOFD~1DIR"); /* nothing follows */
    mount(&image);
    assert_string_equal(list_one(&image), "BETWEEN.TXT|ABCDEF~1.LON|");
    fat_image_make(&image, 12, 100, 1);
    at = fat_image_long(fat_image_root(&image), units, to_units(LONG, units), "ABCDEF~1LON");
    at = fat_image_entry(at, "A LABEL    ", FAT_ATTRIBUTE_VOLUME, 0, 0);
    fat_image_entry(at, "ABCDEF~1LON", ARCHIVE, 0, 0);
    assert_string_equal(list_one(&image), "ABCDEF~1.LON|");
}

static void long_names_have_255_units(void **state)
{
    (void)state;
    for (uint32_t length = 250; length <= 260; length++) {
        struct fat_image image;
        char name[300], expected[302];
        memset(name, 'n', length);
        name[length] = '\0';
        fat_image_make(&image, 12, 100, 1);
        put_named(fat_image_root(&image), name, "NNNNNN~1   ", 0, 0);
        snprintf(expected, sizeof expected, "%s|", length <= 255 ? name : "NNNNNN~1");
        assert_string_equal(list_one(&image), expected);
    }
}

static void names_beyond_ascii_are_utf8(void **state)
{
    (void)state;
    static const struct {
        uint16_t units[4];
        const char *listed;
    } cases[] = {
        {{0x00e4, 0x20ac, 0xd83d, 0xde00}, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|"},
        {{'a', 0xd83d, 'b', 'c'}, "SHORT|"},
        {{'a', 'b', 'c', 0xd83d}, "SHORT|"},
        {{'a', 0xde00, 0xd83d, 'b'}, "SHORT|"},
        {{'.', 0, 0xffff, 0xffff}, "SHORT|"},
        {{'.', '.', 0, 0xffff}, "SHORT|"},
        {{'.', '.', '.', 0}, "...|"},
        {{'a', 0, 'b', 'c'}, "a|"}, /* what follows the NUL is padding, whatever it is */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fat_image image;
        fat_image_make(&image, 12, 100, 1);
        uint8_t *at = fat_image_long(fat_image_root(&image), cases[i].units, 4, "SHORT      ");
        fat_image_entry(at, "SHORT      ", ARCHIVE, 0, 0);
        assert_string_equal(list_one(&image), cases[i].listed);
    }
    struct fat_image image;
    fat_image_make(&image, 12, 100, 1);
    uint8_t *at = fat_image_long(fat_image_root(&image), cases[0].units, 4, "SHORT      ");
    fat_image_entry(at, "SHORT      ", ARCHIVE, 0, 0);
    mount(&image);
    assert_int_equal(find("/\xc3\x84\xe2\x82\xac\xf0\x9f\x98\x80"), STATUS_OK);
    fat_image_free(&image);
}

/* --- directories --- */

static void subdirectories_are_followed(void **state)
{
    (void)state;
    static const uint32_t forms[][2] = {{12, 100}, {16, 4085}, {32, 65525}};
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct fat_image image;
        struct fat_file file;
        enum status status;
        uint8_t byte = 0;
        fat_image_make(&image, forms[i][0], forms[i][1], 1);
        fat_image_entry(fat_image_root(&image), "BOOT       ", FAT_ATTRIBUTE_DIRECTORY, 5, 0);
        fat_image_chain(&image, 5, 2); /* a directory of two clusters */
        uint8_t *at = fat_image_entry(fat_image_cluster(&image, 5), ".          ", FAT_ATTRIBUTE_DIRECTORY, 5, 0);
        at = fat_image_entry(at, "..         ", FAT_ATTRIBUTE_DIRECTORY, 0, 0);
        for (int n = 0; n < 14 + 16; n++) {
            char name[12];
            snprintf(name, sizeof name, "FILE%02d  BIN", n);
            at = fat_image_entry(at, name, ARCHIVE, 10, 1);
        }
        fat_image_chain(&image, 10, 1);
        fat_image_cluster(&image, 10)[0] = 42;
        mount(&image);
        assert_int_equal(fat_open(&fat, "/boot/file29.bin", &file, &error), STATUS_OK); /* no end mark behind it */
        assert_int_equal(fat_read(&file, 0, 1, &byte, &error), STATUS_OK);
        assert_int_equal(byte, 42);
        assert_string_equal(list("/", &status), "BOOT|");
        assert_int_equal(strlen(list("/boot", &status)), 30 * strlen("FILE00.BIN|"));
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(fat_open(&fat, "/boot", &file, &error), STATUS_OK);
        assert_int_equal(fat_read(&file, 0, 1, &byte, &error), STATUS_NOT_A_FILE);
        assert_int_equal(fat_open(&fat, "/", &file, &error), STATUS_OK);
        assert_int_equal(fat_read(&file, 0, 0, &byte, &error), STATUS_NOT_A_FILE);
        assert_int_equal(find("/boot/file30.bin"), STATUS_FILE_NOT_FOUND);
        assert_int_equal(find("/boot/file29.bin/x"), STATUS_FILE_NOT_FOUND);
        fat_image_free(&image);
    }
}

/* The fixed root directory of FAT12/16 may be full, without an end mark. */
static void a_full_root_directory_ends(void **state)
{
    (void)state;
    struct fat_image image;
    fat_image_make(&image, 16, 4085, 1);
    uint8_t *at = fat_image_root(&image);
    for (int i = 0; i < 512; i++) {
        char name[12];
        snprintf(name, sizeof name, "FILE%03d BIN", i);
        at = fat_image_entry(at, name, ARCHIVE, 0, 0);
    }
    fat_image_entry(at, "BEHIND  BIN", ARCHIVE, 0, 0); /* is cluster 2 */
    mount(&image);
    uint64_t reads = image.disk.reads;
    assert_int_equal(find("/file511.bin"), STATUS_OK);
    assert_in_range(image.disk.reads - reads, 4, 5); /* 16 KiB in windows of 4 KiB */
    assert_int_equal(find("/behind.bin"), STATUS_FILE_NOT_FOUND);
    fat_image_free(&image);
}

static void bad_directories_are_refused(void **state)
{
    (void)state;
    static const uint32_t clusters[] = {0, 1, 102, 0xffff};
    for (size_t i = 0; i < ARRAY_LENGTH(clusters); i++) {
        struct fat_image image;
        enum status status;
        fat_image_make(&image, 12, 100, 1);
        fat_image_entry(fat_image_root(&image), "BAD        ", FAT_ATTRIBUTE_DIRECTORY, clusters[i], 0);
        mount(&image);
        assert_string_equal(list("/bad", &status), "");
        assert_int_equal(status, STATUS_FAT_CHAIN);
        assert_int_equal(find("/bad/x"), STATUS_FAT_CHAIN);
        fat_image_free(&image);
    }
}

static void fill_with_files(uint8_t *cluster, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += FAT_ENTRY_SIZE)
        fat_image_entry(cluster + at, "FILE    BIN", ARCHIVE, 0, 0);
}

static void loops_of_directories_end(void **state)
{
    (void)state;
    struct fat_image image;
    enum status status;
    fat_image_make(&image, 12, 100, 1);
    fat_image_entry(fat_image_root(&image), "LOOP       ", FAT_ATTRIBUTE_DIRECTORY, 5, 0);
    fat_image_set(&image, 5, 5); /* its own continuation */
    fill_with_files(fat_image_cluster(&image, 5), 512);
    mount(&image);
    list("/loop", &status);
    assert_int_equal(status, STATUS_FAT_CHAIN);
    fat_image_entry(fat_image_cluster(&image, 5), "SELF       ", FAT_ATTRIBUTE_DIRECTORY, 5, 0);
    mount(&image);
    assert_int_equal(find("/loop/self/self/self/self/self/self"), STATUS_OK); /* as long as the path is */
    assert_int_equal(find("/loop/self/none"), STATUS_FAT_CHAIN);
    fat_image_free(&image);
}

static void directories_end_after_65536_entries(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        struct fat_image image;
        struct fat_file directory;
        enum status status;
        uint64_t position = 0, count = 0;
        uint32_t clusters = 65536 / 128; /* 4 KiB each */
        fat_image_make(&image, 12, 1000, 8);
        fat_image_entry(fat_image_root(&image), "BIG        ", FAT_ATTRIBUTE_DIRECTORY, 5, 0);
        fat_image_chain(&image, 5, clusters + more);
        fill_with_files(fat_image_cluster(&image, 5), (clusters + more) * 4096);
        mount(&image);
        assert_int_equal(fat_open(&fat, "/big", &directory, &error), STATUS_OK);
        uint64_t reads = image.disk.reads;
        while (fat_next(&directory, &position, &entry, &status, &error))
            count++;
        assert_int_equal(count, 65536);
        assert_int_equal(status, more == 0 ? STATUS_OK : STATUS_FAT_CHAIN);
        assert_in_range(image.disk.reads - reads, 512, 512 * 2 + 2);
        fat_image_free(&image);
    }
}

static void deep_paths_are_followed(void **state)
{
    (void)state;
    struct fat_image image;
    char path[2 * 60 + 1] = "";
    fat_image_make(&image, 12, 100, 1);
    fat_image_entry(fat_image_root(&image), "D          ", FAT_ATTRIBUTE_DIRECTORY, 2, 0);
    strcat(path, "/d");
    for (uint32_t depth = 2; depth < 60; depth++) {
        fat_image_set(&image, depth, 0xfff);
        fat_image_entry(fat_image_cluster(&image, depth), "D          ", FAT_ATTRIBUTE_DIRECTORY, depth + 1, 0);
        strcat(path, "/d");
    }
    mount(&image);
    assert_int_equal(find(path), STATUS_OK);
    fat_image_free(&image);
}

/* A short name that equals another file's long name: the first in the directory wins, on every reader. */
static void the_first_match_wins(void **state)
{
    (void)state;
    struct fat_image image;
    struct fat_file file;
    fat_image_make(&image, 12, 100, 1);
    uint8_t *at = put_named(fat_image_root(&image), "a long name.txt", "ALONGN~1TXT", 0, 0);
    put_named(at, "alongn~1.txt", "OTHER   TXT", 0, 0);
    fat_image_root(&image)[3 * FAT_ENTRY_SIZE - 4] = 1; /* the first one's size */
    mount(&image);
    assert_int_equal(fat_open(&fat, "/alongn~1.txt", &file, &error), STATUS_OK);
    assert_int_equal(file.size, 1);
    assert_int_equal(fat_open(&fat, "/other.txt", &file, &error), STATUS_OK);
    assert_int_equal(file.size, 0);
    fat_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_any_case),
        cmocka_unit_test(what_is_no_file_is_left_out),
        cmocka_unit_test(broken_long_names_leave_the_short_one),
        cmocka_unit_test(a_long_name_belongs_to_what_follows_at_once),
        cmocka_unit_test(long_names_have_255_units),
        cmocka_unit_test(names_beyond_ascii_are_utf8),
        cmocka_unit_test(subdirectories_are_followed),
        cmocka_unit_test(a_full_root_directory_ends),
        cmocka_unit_test(bad_directories_are_refused),
        cmocka_unit_test(loops_of_directories_end),
        cmocka_unit_test(directories_end_after_65536_entries),
        cmocka_unit_test(deep_paths_are_followed),
        cmocka_unit_test(the_first_match_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
