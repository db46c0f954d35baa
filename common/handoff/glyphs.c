/* The console's fonts without their glyphs, which are in every loader that carries the blob: handoff.c copies them. */
#include "layout.h"

struct handoff_glyphs handoff_glyphs;

const struct font font_8x16 = {8, 16, handoff_glyphs.small};
const struct font font_16x32 = {16, 32, handoff_glyphs.large};
