#include "font.h"

#include "lz4_decode.h"
#include "memory.h"

void font_unpack(const struct font_packed *font, uint8_t *glyphs)
{
    size_t size = FONT_SIZE(font->width, font->height);
    if (!lz4_decode(font->glyphs, font->size, glyphs, size))
        memset(glyphs, 0xff, size); /* a damaged loader: blocks instead of text */
}

const struct font *font_for_width(uint32_t width)
{
    static uint8_t glyphs[FONT_SIZE(16, 32)];
    static struct font font;
    const struct font_packed *packed = width >= FONT_LARGE_FROM_WIDTH ? &font_16x32 : &font_8x16;
    font_unpack(packed, glyphs);
    font = (struct font){packed->width, packed->height, glyphs};
    return &font;
}
