#include "cmocka_all.h"

#include "font/psf.h"

#include <stdlib.h>
#include <string.h>

#define PSF2_TABLE (32u + 3u * 32u)

/* A version 2 font of three 9x16 glyphs: 'A' and a sequence, nothing, U+00E9 and U+20AC. */
static const uint8_t table_2[] = {'A', 0xfe, 'e', 0xcc, 0x81, 0xff, 0xff, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xff};

struct file {
    uint8_t bytes[4096];
    size_t size;
};

static void put_32(struct file *file, size_t offset, uint32_t value)
{
    memcpy(file->bytes + offset, &value, sizeof value);
}

static struct file version_2(void)
{
    struct file file = {.size = PSF2_TABLE + sizeof table_2};
    const uint32_t header[] = {0x864ab572, 0, 32, 1, 3, 32, 16, 9};
    memcpy(file.bytes, header, sizeof header);
    for (size_t i = 32; i < PSF2_TABLE; i++)
        file.bytes[i] = (uint8_t)i;
    memcpy(file.bytes + PSF2_TABLE, table_2, sizeof table_2);
    return file;
}

/* A version 1 font of 256 8x8 glyphs: glyph 0 is 'x', glyph 1 is U+2500, then the table ends. */
static struct file version_1(void)
{
    static const uint16_t table[] = {'x', 0xfffe, 'a', 'b', 0xffff, 0x2500, 0xffff};
    struct file file = {.bytes = {0x36, 0x04, 2, 8}, .size = 4 + 256 * 8 + sizeof table};
    for (size_t i = 4; i < 4 + 256 * 8; i++)
        file.bytes[i] = (uint8_t)(i / 8);
    memcpy(file.bytes + 4 + 256 * 8, table, sizeof table);
    return file;
}

/* Opens a copy that is exactly as long as the file, so that the sanitizer sees reads past its end, and looks for every
 * character. Returns the number that were found, or -1. */
static int count_characters(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct psf psf;
    int found = -1;
    if (psf_open((struct span){copy, size}, &psf) == NULL) {
        found = 0;
        for (uint32_t character = 0; character < 0x300; character++) {
            struct span bitmap;
            if (!psf_find(&psf, character, &bitmap))
                continue;
            assert_int_equal(bitmap.size, psf.glyph_size);
            assert_true(bitmap.data >= copy && bitmap.data + bitmap.size <= copy + size);
            found++;
        }
    }
    free(copy);
    return found;
}

static void assert_glyph(const struct file *file, uint32_t character, size_t offset, size_t size)
{
    struct psf psf;
    struct span bitmap;
    assert_null(psf_open((struct span){file->bytes, file->size}, &psf));
    assert_true(psf_find(&psf, character, &bitmap));
    assert_ptr_equal(bitmap.data, file->bytes + offset);
    assert_int_equal(bitmap.size, size);
}

static void assert_no_glyph(const struct file *file, uint32_t character)
{
    struct psf psf;
    struct span bitmap;
    assert_null(psf_open((struct span){file->bytes, file->size}, &psf));
    assert_false(psf_find(&psf, character, &bitmap));
}

static void reads_version_2(void **state)
{
    (void)state;
    struct file file = version_2();
    assert_glyph(&file, 'A', 32, 32);
    assert_glyph(&file, 0xe9, 96, 32);
    assert_glyph(&file, 0x20ac, 96, 32);
    assert_no_glyph(&file, 'e'); /* only part of a sequence */
    assert_no_glyph(&file, 0);
    put_32(&file, 12, 0); /* without its table: by position */
    assert_glyph(&file, 2, 96, 32);
    assert_no_glyph(&file, 3);
}

static void reads_version_1(void **state)
{
    (void)state;
    struct file file = version_1();
    assert_glyph(&file, 'x', 4, 8);
    assert_glyph(&file, 0x2500, 12, 8);
    assert_no_glyph(&file, 'a');
    assert_no_glyph(&file, 'y'); /* the table ends before: unterminated */
    file.bytes[2] = 0;
    assert_glyph(&file, 255, 4 + 255 * 8, 8);
    file.bytes[2] = 1; /* 512 glyphs: not there */
    assert_int_equal(count_characters(file.bytes, file.size), -1);
}

struct damage {
    size_t offset;
    uint32_t value;
};

static void refuses_hostile_headers(void **state)
{
    (void)state;
    static const struct damage damages[] = {
        {0, 0},           {4, 1},           {8, 31}, {8, 0},           {8, UINT32_MAX},  {8, 10000},
        {16, 4},          {16, UINT32_MAX}, {20, 0}, {20, 33},         {20, UINT32_MAX}, {24, 0},
        {24, UINT32_MAX}, {24, 17},         {28, 0}, {28, UINT32_MAX}, {28, 0xfffffff8},
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct file file = version_2();
        put_32(&file, damages[i].offset, damages[i].value);
        assert_int_equal(count_characters(file.bytes, file.size), -1);
    }
    struct file file = version_1();
    file.bytes[3] = 0;
    assert_int_equal(count_characters(file.bytes, file.size), -1);
}

static void survives_every_truncation(void **state)
{
    (void)state;
    struct file two = version_2(), one = version_1();
    for (size_t size = 0; size < two.size; size++)
        assert_true(count_characters(two.bytes, size) >= (size < PSF2_TABLE ? -1 : 0));
    for (size_t size = 0; size < one.size; size += size < 2000 ? 13 : 1)
        count_characters(one.bytes, size);
    assert_int_equal(count_characters(two.bytes, PSF2_TABLE), 0);
}

static void survives_every_changed_byte(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xc3, 0xe0, 0xf7, 0xfe, 0xff};
    for (size_t at = 0; at < PSF2_TABLE + sizeof table_2; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            struct file file = version_2();
            file.bytes[at] = values[i];
            assert_in_range(count_characters(file.bytes, file.size) + 1, 0, 0x301);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_2),
        cmocka_unit_test(reads_version_1),
        cmocka_unit_test(refuses_hostile_headers),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
