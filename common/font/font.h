/* The console's bitmaps: printable ASCII and one glyph for everything else, made from Spleen at build time
 * (psf_to_font.c). */
#ifndef STAGECOACH_FONT_H
#define STAGECOACH_FONT_H

#include <stdint.h>

#define FONT_FIRST 0x20u
#define FONT_LAST 0x7eu
#define FONT_REPLACEMENT (FONT_LAST - FONT_FIRST + 1) /* index of the glyph for what the font does not have */
#define FONT_GLYPHS (FONT_REPLACEMENT + 1)
#define FONT_LARGE_FROM_WIDTH 1920u /* pixels of a screen on which 8x16 is too small to be read */
#define FONT_SIZE(width, height) ((width) / 8u * (height)*FONT_GLYPHS) /* bytes of all glyphs */

struct font {
    uint32_t width, height; /* pixels; width is a multiple of 8 */
    const uint8_t *glyphs;  /* FONT_GLYPHS of them: height rows of width / 8 bytes, leftmost pixel in the highest bit */
};

struct font_packed {
    uint32_t width, height;
    uint32_t size; /* bytes of `glyphs`, an LZ4 block of FONT_SIZE(width, height) bytes */
    const uint8_t *glyphs;
};

extern const struct font_packed font_8x16, font_16x32;

/* Unpacks all glyphs, FONT_SIZE(font->width, font->height) bytes. */
void font_unpack(const struct font_packed *font, uint8_t *glyphs);

/* The font for a screen of `width` pixels; lasts until the next call. */
const struct font *font_for_width(uint32_t width);

#endif
