/* The console against a model that is as simple as can be: lines of text, painted from scratch, pixel by pixel, after
 * every write. The framebuffer is exactly as large as it says (so that the sanitizer sees every step outside), and the
 * bytes between its rows must keep what they hold. */
#include "cmocka_all.h"

#include "console.h"
#include "font/font.h"

#include <stdlib.h>
#include <string.h>

#define PADDING 0x77u /* in the bytes that nothing may touch */
#define LINES_MAX 4000
#define COLUMNS_MAX 240u
#define ROWS_MAX 100u

static struct boot_framebuffer framebuffer;
static uint8_t *memory;
static uint32_t expected_pixel;

static uint8_t small_glyphs[FONT_SIZE(8, 16)], large_glyphs[FONT_SIZE(16, 32)];
static const struct font small_font = {8, 16, small_glyphs}, large_font = {16, 32, large_glyphs};

static struct {
    const struct font *font;
    uint32_t columns, rows;
    uint8_t lines[LINES_MAX][COLUMNS_MAX]; /* glyphs; 0 is the space */
    uint32_t line, column;
} model;

/* --- the machine ------------------------------------------------------------------------------------------------- */

static int release(void **state)
{
    (void)state;
    free(memory);
    memory = NULL;
    return 0;
}

static uint32_t row_size(void)
{
    return framebuffer.width * framebuffer.bits_per_pixel / 8;
}

static void start(uint32_t width, uint32_t height, uint8_t bits, uint32_t extra)
{
    release(NULL);
    framebuffer = (struct boot_framebuffer){.width = width,
                                            .height = height,
                                            .pitch = width * bits / 8 + extra,
                                            .bits_per_pixel = bits,
                                            .red_shift = 16,
                                            .red_size = 8,
                                            .green_shift = 8,
                                            .green_size = 8,
                                            .blue_shift = 0,
                                            .blue_size = 8};
    framebuffer.size = (uint64_t)framebuffer.pitch * height;
    expected_pixel = 0xc8c8c8;
    memory = malloc(framebuffer.size == 0 ? 1 : framebuffer.size);
    assert_non_null(memory);
    memset(memory, PADDING, framebuffer.size);

    memset(&model, 0, sizeof model);
    model.font = width >= 1920 ? &large_font : &small_font;
    font_unpack(&font_8x16, small_glyphs);
    font_unpack(&font_16x32, large_glyphs);
    model.columns = width / model.font->width < COLUMNS_MAX ? width / model.font->width : COLUMNS_MAX;
    model.rows = height / model.font->height < ROWS_MAX ? height / model.font->height : ROWS_MAX;
    console_start(&framebuffer, memory);
}

/* --- the model --------------------------------------------------------------------------------------------------- */

static void model_put(unsigned char byte)
{
    if (byte == '\n') {
        model.line++;
        model.column = 0;
    }
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && byte < 0xc0))
        return;
    if (model.column == model.columns) {
        model.line++;
        model.column = 0;
    }
    assert_true(model.line < LINES_MAX);
    model.lines[model.line][model.column++] = (uint8_t)(byte > 0x7e ? 95 : byte - 0x20);
}

/* Row `y` of the screen, as bytes; cleared where no character is. */
static void model_row(uint32_t y, uint8_t *bytes)
{
    const struct font *font = model.font;
    uint32_t row = y / font->height, glyph_row = font->width / 8, size = framebuffer.bits_per_pixel / 8u;
    uint32_t first = model.line >= model.rows ? model.line - model.rows + 1 : 0;
    memset(bytes, 0, row_size());
    for (uint32_t column = 0; column < model.columns && row < model.rows; column++) {
        const uint8_t *glyph = font->glyphs + (size_t)model.lines[first + row][column] * font->height * glyph_row;
        for (uint32_t x = 0; x < font->width; x++) {
            if (glyph[y % font->height * glyph_row + x / 8] >> (7 - x % 8) & 1)
                memcpy(bytes + (size_t)(column * font->width + x) * size, &expected_pixel, size);
        }
    }
}

static void compare(void)
{
    static uint8_t want[4 * 5000];
    for (uint32_t y = 0; y < framebuffer.height; y++) {
        const uint8_t *row = memory + (size_t)y * framebuffer.pitch;
        model_row(y, want);
        if (memcmp(row, want, row_size()) != 0)
            fail_msg("row %u of pixels is wrong", y);
        for (uint32_t i = row_size(); i < framebuffer.pitch; i++)
            assert_int_equal(row[i], PADDING);
    }
}

static void write_both(const char *text, size_t size)
{
    console_write(text, size);
    for (size_t i = 0; i < size; i++)
        model_put((unsigned char)text[i]);
}

static void write_text(const char *text)
{
    write_both(text, strlen(text));
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void clears_at_the_first_text_only(void **state)
{
    (void)state;
    start(100, 50, 32, 12);
    assert_true(console_ready());
    console_write("", 0);
    for (size_t i = 0; i < framebuffer.size; i++)
        assert_int_equal(memory[i], PADDING);
    write_text("x");
    compare();
    memset(memory + framebuffer.pitch * 49, 0xee, 4); /* below the last row of characters: not cleared again */
    write_text("y");
    assert_int_equal(memory[framebuffer.pitch * 49], 0xee);
}

static void every_character(void **state)
{
    (void)state;
    char text[256];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    start(640, 200, 32, 0);
    write_both(text, sizeof text);
    compare();
    start(1920, 200, 24, 40);
    write_both(text, sizeof text);
    compare();
}

static void utf8_shows_one_sign_a_character(void **state)
{
    (void)state;
    start(80, 32, 32, 0);
    write_text("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
    assert_int_equal(model.column, 5);
    compare();
}

static void wraps_and_scrolls(void **state)
{
    (void)state;
    start(83, 53, 32, 4); /* 10 x 3 characters, and a little */
    write_text("0123456789");
    compare();
    write_text("\nnext");
    assert_int_equal(model.line, 1); /* a line that just fits has no empty one after it */
    compare();
    write_text(" is much longer than the line\n");
    compare();
    for (unsigned i = 0; i < 20; i++) {
        write_text(i % 3 ? "ab\n" : "\n\nabcdefghijk");
        compare();
    }
}

/* Text in pieces of any length, in modes of every odd size. */
static void random_text_in_random_modes(void **state)
{
    (void)state;
    srand(2026);
    for (unsigned round = 0; round < 60; round++) {
        start(1 + (uint32_t)rand() % 300, 1 + (uint32_t)rand() % 120, rand() % 2 ? 32 : 24, (uint32_t)rand() % 30);
        assert_int_equal(console_ready(), model.columns > 0 && model.rows > 0);
        if (!console_ready())
            continue;
        write_text("start");
        for (unsigned piece = 0; piece < 12; piece++) {
            char text[97];
            size_t size = (size_t)rand() % sizeof text;
            for (size_t i = 0; i < size; i++)
                text[i] = (char)(rand() % 9 == 0 ? '\n' : rand() % 20 == 0 ? rand() : 'a' + rand() % 26);
            write_both(text, size);
            compare();
        }
    }
}

static void every_small_mode(void **state)
{
    (void)state;
    for (uint32_t width = 0; width < 20; width++) {
        for (uint32_t height = 0; height < 36; height++) {
            start(width, height, width % 2 ? 24 : 32, height % 3);
            bool room = width >= 8 && height >= 16;
            assert_int_equal(console_ready(), room);
            write_text("AB\nCD\nEFG");
            if (room)
                compare();
            else
                for (size_t i = 0; i < framebuffer.size; i++)
                    assert_int_equal(memory[i], PADDING);
        }
    }
}

static void large_modes(void **state)
{
    (void)state;
    static const uint32_t modes[][2] = {{1919, 1700}, {1920, 1080}, {3840, 2160}, {5000, 3400}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        start(modes[i][0], modes[i][1], i % 2 ? 24 : 32, 64);
        char line[400];
        memset(line, 'W', sizeof line);
        for (unsigned j = 0; j < 2 * ROWS_MAX / (1 + model.columns / 200) && model.line + 3 < LINES_MAX; j++) {
            write_both(line, j * 7 % sizeof line);
            write_text("\n");
        }
        compare();
    }
}

struct layout {
    uint8_t red_shift, red_size, green_shift, green_size, blue_shift, blue_size, bits;
    uint32_t pixel;
};

static void every_pixel_layout(void **state)
{
    (void)state;
    static const struct layout layouts[] = {
        {0, 8, 8, 8, 16, 8, 32, 0xc8c8c8},
        {24, 8, 16, 8, 8, 8, 32, 0xc8c8c800},
        {20, 10, 10, 10, 0, 10, 32, 0x320c8320},
        {11, 5, 5, 6, 0, 5, 24, 0xce59},
        {0, 8, 0, 0, 0, 0, 24, 0xc8},
        {0, 0, 0, 0, 0, 0, 32, 0xffffffff},
        {0, 0, 0, 0, 0, 0, 24, 0xffffff},
        {200, 8, 30, 8, 20, 255, 32, 0xffffffff},
    };
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct layout *layout = &layouts[i];
        start(64, 32, layout->bits, 3);
        framebuffer.red_shift = layout->red_shift;
        framebuffer.red_size = layout->red_size;
        framebuffer.green_shift = layout->green_shift;
        framebuffer.green_size = layout->green_size;
        framebuffer.blue_shift = layout->blue_shift;
        framebuffer.blue_size = layout->blue_size;
        expected_pixel = layout->pixel;
        console_start(&framebuffer, memory);
        write_text("Layout");
        compare();
    }
}

static void refuse(void (*change)(void))
{
    start(64, 32, 32, 0);
    change();
    console_start(&framebuffer, memory);
    assert_false(console_ready());
    console_write("text", 4);
    for (size_t i = 0; i < 64u * 32u * 4u; i++)
        assert_int_equal(memory[i], PADDING);
}

static void have_16_bits(void)
{
    framebuffer.bits_per_pixel = 16;
}

static void have_short_rows(void)
{
    framebuffer.pitch = 64 * 4 - 1;
}

static void have_too_few_bytes(void)
{
    framebuffer.size--;
}

static void be_wide_beyond_reason(void)
{
    framebuffer.width = 0x80000001;
}

static void be_high_beyond_reason(void)
{
    framebuffer.height = UINT32_MAX;
}

static void impossible_framebuffers_are_left_alone(void **state)
{
    (void)state;
    refuse(have_16_bits);
    refuse(have_short_rows);
    refuse(have_too_few_bytes);
    refuse(be_wide_beyond_reason);
    refuse(be_high_beyond_reason);
}

static void fonts_have_what_they_should(void **state)
{
    (void)state;
    const struct font *fonts[] = {&small_font, &large_font};
    font_unpack(&font_8x16, small_glyphs);
    font_unpack(&font_16x32, large_glyphs);
    assert_int_equal(font_8x16.width * font_8x16.height, 8 * 16);
    assert_int_equal(font_16x32.width * font_16x32.height, 16 * 32);
    assert_ptr_not_equal(font_for_width(1919)->glyphs, NULL);
    assert_int_equal(font_for_width(1919)->height, 16);
    assert_int_equal(font_for_width(1920)->height, 32);
    for (size_t i = 0; i < 2; i++) {
        size_t size = fonts[i]->width / 8 * fonts[i]->height;
        for (size_t a = 0; a < FONT_GLYPHS; a++) {
            bool lit = false;
            for (size_t byte = 0; byte < size; byte++)
                lit = lit || fonts[i]->glyphs[a * size + byte] != 0;
            assert_int_equal(lit, a != 0);
            for (size_t b = 0; b < a && a != FONT_REPLACEMENT; b++) /* which may look like '?' */
                assert_memory_not_equal(fonts[i]->glyphs + a * size, fonts[i]->glyphs + b * size, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(clears_at_the_first_text_only, release),
        cmocka_unit_test_teardown(every_character, release),
        cmocka_unit_test_teardown(utf8_shows_one_sign_a_character, release),
        cmocka_unit_test_teardown(wraps_and_scrolls, release),
        cmocka_unit_test_teardown(random_text_in_random_modes, release),
        cmocka_unit_test_teardown(every_small_mode, release),
        cmocka_unit_test_teardown(large_modes, release),
        cmocka_unit_test_teardown(every_pixel_layout, release),
        cmocka_unit_test_teardown(impossible_framebuffers_are_left_alone, release),
        cmocka_unit_test(fonts_have_what_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
