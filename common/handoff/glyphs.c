/* The console's fonts without their glyphs, which are in every loader that carries the blob: handoff.c copies them. */
#include "layout.h"

struct handoff_glyphs handoff_glyphs;

const struct font *font_for_width(uint32_t width)
{
    static const struct font small = {8, 16, handoff_glyphs.small}, large = {16, 32, handoff_glyphs.large};
    return width >= FONT_LARGE_FROM_WIDTH ? &large : &small;
}
