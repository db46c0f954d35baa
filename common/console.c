#include "console.h"

#include "font/font.h"
#include "large.h"
#include "memory.h"

#include <stdint.h>

/* The largest grid of characters: 3840x2160 in 16x32, and what is between. Of larger ones the upper left part is used.
 */
#define COLUMNS_MAX 240u
#define ROWS_MAX 100u
#define PIXEL_SIZE_MAX 4u
#define GLYPH_WIDTH_MAX 16u
#define GREY_8_BITS 0xc8u

static uint8_t *pixels;
static uint32_t pitch, pixel_size, foreground;
static uint64_t pairs[4]; /* two pixels of 32 bits, for two bits of a glyph: the left one is the higher bit */
static uint32_t screen_height, screen_row_size; /* pixels; bytes of a row that can be seen */
static const struct font *font;
static uint32_t columns, rows;
static bool cleared;
bool console_is_ready;

/* What is on the screen, as indices of glyphs: a ring of rows, of which `top` is the uppermost, so that scrolling needs
 * neither the framebuffer's slow reads nor a move. Index 0 is the space. */
LARGE("cells") static uint8_t cells[ROWS_MAX][COLUMNS_MAX];
static uint32_t top, row, column;
static uint32_t dirty_from; /* cells [dirty_from, column) of the current row are not drawn yet */

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

/* --- pixels ------------------------------------------------------------------------------------------------------ */

/* GREY_8_BITS in a field of a pixel. */
static uint32_t channel(uint8_t shift, uint8_t size, uint8_t bits_per_pixel)
{
    if (size == 0 || size > 16 || shift > bits_per_pixel || size > bits_per_pixel - shift)
        return 0;
    uint32_t value = size <= 8 ? GREY_8_BITS >> (8 - size) : GREY_8_BITS << (size - 8);
    return value << shift;
}

static uint32_t grey(const struct boot_framebuffer *framebuffer)
{
    uint8_t bits = framebuffer->bits_per_pixel;
    uint32_t pixel = channel(framebuffer->red_shift, framebuffer->red_size, bits) |
                     channel(framebuffer->green_shift, framebuffer->green_size, bits) |
                     channel(framebuffer->blue_shift, framebuffer->blue_size, bits);
    return pixel != 0 ? pixel : UINT32_MAX; /* a layout that makes no sense: white, whatever it is */
}

static void clear(void)
{
    for (uint32_t y = 0; y < screen_height; y++)
        memset(pixels + (uint64_t)y * pitch, 0, screen_row_size);
}

/* Eight pixels of 32 bits, two a store. */
static uint8_t *compose_wide(uint8_t *at, uint8_t bits)
{
    for (uint32_t shift = 6; shift < 8; shift -= 2) {
        uint64_t two = pairs[bits >> shift & 3];
        __builtin_memcpy(at, &two, sizeof two); /* one store: a call would cost more than all the rest */
        at += sizeof two;
    }
    return at;
}

/* Row `y` of a glyph, as pixels; returns the end. Writes up to PIXEL_SIZE_MAX bytes past it. */
static uint8_t *compose(uint8_t *at, const uint8_t *glyph, uint32_t y)
{
    if (pixel_size == sizeof(uint32_t)) {
        for (uint32_t x = 0; x < font->width / 8; x++)
            at = compose_wide(at, glyph[y * font->width / 8 + x]);
        return at;
    }
    for (uint32_t x = 0; x < font->width; x++) {
        bool lit = glyph[(y * font->width + x) / 8] & 0x80u >> x % 8;
        uint32_t pixel = lit ? foreground : 0;
        __builtin_memcpy(at, &pixel, sizeof pixel);
        at += pixel_size;
    }
    return at;
}

/* Draws cells [from, to) of what is now screen row `at`, a row of pixels at a time: wide stores suit the framebuffer.
 */
static void draw(uint32_t at, const uint8_t *line, uint32_t from, uint32_t to)
{
    LARGE("scanline") static uint8_t scanline[COLUMNS_MAX * GLYPH_WIDTH_MAX * PIXEL_SIZE_MAX + PIXEL_SIZE_MAX];
    uint32_t glyph_size = font->width / 8 * font->height;
    for (uint32_t y = 0; y < font->height; y++) {
        uint8_t *end = scanline;
        for (uint32_t i = from; i < to; i++)
            end = compose(end, font->glyphs + line[i] * glyph_size, y);
        uint64_t offset = (uint64_t)(at * font->height + y) * pitch + (uint64_t)from * font->width * pixel_size;
        memcpy(pixels + offset, scanline, (size_t)(end - scanline));
    }
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static uint8_t *line_at(uint32_t at)
{
    return cells[(top + at) % rows];
}

static void flush(void)
{
    if (dirty_from < column)
        draw(row, line_at(row), dirty_from, column);
    dirty_from = column;
}

/* Draws `after` where the screen shows `before`: only the part that differs. */
static void redraw(uint32_t at, const uint8_t *before, const uint8_t *after)
{
    uint32_t from = 0, to = columns;
    while (from < to && before[from] == after[from])
        from++;
    while (from < to && before[to - 1] == after[to - 1])
        to--;
    if (from < to)
        draw(at, after, from, to);
}

static void scroll(void)
{
    static const uint8_t blank[COLUMNS_MAX];
    for (uint32_t at = 0; at + 1 < rows; at++)
        redraw(at, line_at(at), line_at(at + 1));
    redraw(rows - 1, line_at(rows - 1), blank);
    memset(line_at(0), 0, columns);
    top = (top + 1) % rows;
}

static void new_line(void)
{
    flush();
    column = 0;
    dirty_from = 0;
    if (row + 1 < rows)
        row++;
    else
        scroll();
}

/* The glyph of a byte of UTF-8; false if it shows nothing: control characters, and all but the first of a sequence. */
static bool glyph_of(unsigned char byte, uint8_t *glyph)
{
    if (byte < FONT_FIRST || byte == 0x7f || (byte & 0xc0) == 0x80)
        return false;
    *glyph = (uint8_t)(byte <= FONT_LAST ? byte - FONT_FIRST : FONT_REPLACEMENT);
    return true;
}

static void put(char byte)
{
    uint8_t glyph;
    if (byte == '\n') {
        new_line();
        return;
    }
    if (!glyph_of((unsigned char)byte, &glyph))
        return;
    if (column == columns) /* only now: a line that just fits needs no empty one after it */
        new_line();
    line_at(row)[column++] = glyph;
}

void console_write(const char *text, size_t size)
{
    if (!console_is_ready || size == 0)
        return;
    if (!cleared)
        clear();
    cleared = true;
    for (size_t i = 0; i < size; i++)
        put(text[i]);
    flush();
}

static bool usable(const struct boot_framebuffer *framebuffer)
{
    uint32_t bits = framebuffer->bits_per_pixel;
    return (bits == 24 || bits == 32) && (uint64_t)framebuffer->width * bits / 8 <= framebuffer->pitch &&
           (uint64_t)framebuffer->pitch * framebuffer->height <= framebuffer->size;
}

void console_start(const struct boot_framebuffer *framebuffer, void *memory)
{
    console_is_ready = false;
    cleared = false;
    top = row = column = dirty_from = 0;
    memset(cells, 0, sizeof cells);
    if (!usable(framebuffer))
        return;
    pixels = memory;
    pitch = framebuffer->pitch;
    pixel_size = framebuffer->bits_per_pixel / 8u;
    screen_height = framebuffer->height;
    screen_row_size = framebuffer->width * pixel_size;
    foreground = grey(framebuffer);
    for (uint32_t bits = 0; bits < 4; bits++)
        pairs[bits] = (bits & 2 ? foreground : 0) | (bits & 1 ? (uint64_t)foreground << 32 : 0);
    font = font_for_width(framebuffer->width);
    columns = at_most(framebuffer->width / font->width, COLUMNS_MAX);
    rows = at_most(framebuffer->height / font->height, ROWS_MAX);
    console_is_ready = columns > 0 && rows > 0;
}
