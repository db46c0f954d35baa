/* The console's bitmaps: printable ASCII and one glyph for everything else, made from Spleen at build time
 * (psf_to_font.c). */
#ifndef STAGECOACH_FONT_H
#define STAGECOACH_FONT_H

#include <stdint.h>

#define FONT_FIRST 0x20u
#define FONT_LAST 0x7eu
#define FONT_REPLACEMENT (FONT_LAST - FONT_FIRST + 1) /* index of the glyph for what the font does not have */
#define FONT_GLYPHS (FONT_REPLACEMENT + 1)

struct font {
    uint32_t width, height; /* pixels; width is a multiple of 8 */
    const uint8_t *glyphs;  /* FONT_GLYPHS of them: height rows of width / 8 bytes, leftmost pixel in the highest bit */
};

extern const struct font font_8x16, font_16x32;

#endif
