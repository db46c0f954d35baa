/* SPDX-License-Identifier: MIT
 *
 * A list of smooth shapes and texts, painted row by row: each row is put together in memory and written to the framebuffer
 * once, because reading write-combining memory is slow. Coordinates are pixels, y grows downwards. */
#ifndef EXAMPLE_CANVAS_H
#define EXAMPLE_CANVAS_H

#include <stagecoach/boot.h>

#include <stdint.h>

#define CANVAS_SHAPES 384
#define CANVAS_TEXTS 8
#define CANVAS_CORNERS 8
#define CANVAS_WIDTH_MAX 16384

struct color { /* 0.0 to 255.0 */
    float red, green, blue;
};

struct point {
    float x, y;
};

struct canvas;

/* What lies behind all shapes, asked for every pixel. */
typedef struct color canvas_background(const struct canvas *canvas, float x, float y);

enum shape_kind { SHAPE_CONE, SHAPE_RING, SHAPE_POLYGON };

struct shape {
    enum shape_kind kind;
    struct color color;
    struct point corners[CANVAS_CORNERS]; /* cone: both ends; ring: the centre; polygon: convex, clockwise on the screen */
    unsigned corner_count;
    float radius, end_radius; /* cone: at both ends; ring: of the circle, and half the line's width */
    float left, right, top, bottom;
};

struct canvas_text {
    const char *text;
    int x, y, dot; /* top left corner; size of one dot of the font */
    struct color color;
};

struct canvas {
    uint32_t width, height;
    canvas_background *background;
    struct shape shapes[CANVAS_SHAPES];
    unsigned shape_count;
    struct canvas_text texts[CANVAS_TEXTS];
    unsigned text_count;
};

/* What does not fit in the lists is left out. */
void canvas_cone(struct canvas *canvas, struct point from, float radius, struct point to, float end_radius,
                 struct color color);
void canvas_ring(struct canvas *canvas, struct point centre, float radius, float width, struct color color);
void canvas_polygon(struct canvas *canvas, const struct point *corners, unsigned count, struct color color);
void canvas_write(struct canvas *canvas, const char *text, int x, int y, int dot, struct color color);
int canvas_text_width(const char *text, int dot);

void canvas_paint(const struct canvas *canvas, const struct boot_framebuffer *framebuffer);

#endif
