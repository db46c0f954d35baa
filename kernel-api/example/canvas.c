/* SPDX-License-Identifier: MIT */
#include "canvas.h"

#include "font.h"

#define CELL_WIDTH (FONT_WIDTH + 1)

static float minimum(float a, float b)
{
    return a < b ? a : b;
}

static float maximum(float a, float b)
{
    return a > b ? a : b;
}

static float clamp(float value, float low, float high)
{
    return maximum(low, minimum(value, high));
}

static float square_root(float value)
{
    float root;
    __asm__("sqrtss %1, %0" : "=x"(root) : "x"(value));
    return root;
}

static float length(float x, float y)
{
    return square_root(x * x + y * y);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static void add_shape(struct canvas *canvas, const struct shape *shape, float margin)
{
    if (canvas->shape_count == CANVAS_SHAPES)
        return;
    struct shape *added = &canvas->shapes[canvas->shape_count++];
    *added = *shape;
    added->left = added->right = shape->corners[0].x;
    added->top = added->bottom = shape->corners[0].y;
    for (unsigned i = 1; i < shape->corner_count; i++) {
        added->left = minimum(added->left, shape->corners[i].x);
        added->right = maximum(added->right, shape->corners[i].x);
        added->top = minimum(added->top, shape->corners[i].y);
        added->bottom = maximum(added->bottom, shape->corners[i].y);
    }
    added->left -= margin + 1;
    added->right += margin + 1;
    added->top -= margin + 1;
    added->bottom += margin + 1;
}

void canvas_cone(struct canvas *canvas, struct point from, float radius, struct point to, float end_radius,
                 struct color color)
{
    struct shape shape = {.kind = SHAPE_CONE, .color = color, .corners = {from, to}, .corner_count = 2,
                          .radius = radius, .end_radius = end_radius};
    add_shape(canvas, &shape, maximum(radius, end_radius));
}

void canvas_ring(struct canvas *canvas, struct point centre, float radius, float width, struct color color)
{
    struct shape shape = {.kind = SHAPE_RING, .color = color, .corners = {centre}, .corner_count = 1, .radius = radius,
                          .end_radius = width / 2};
    add_shape(canvas, &shape, radius + width / 2);
}

void canvas_polygon(struct canvas *canvas, const struct point *corners, unsigned count, struct color color)
{
    struct shape shape = {.kind = SHAPE_POLYGON, .color = color, .corner_count = count};
    for (unsigned i = 0; i < count && i < CANVAS_CORNERS; i++)
        shape.corners[i] = corners[i];
    add_shape(canvas, &shape, 0);
}

void canvas_write(struct canvas *canvas, const char *text, int x, int y, int dot, struct color color)
{
    if (canvas->text_count < CANVAS_TEXTS)
        canvas->texts[canvas->text_count++] = (struct canvas_text){text, x, y, dot, color};
}

int canvas_text_width(const char *text, int dot)
{
    int characters = 0;
    while (text[characters] != '\0')
        characters++;
    return characters == 0 ? 0 : (characters * CELL_WIDTH - 1) * dot;
}

/* --- distances: negative inside, in pixels ------------------------------------------------------------------------ */

static float cone_distance(const struct shape *shape, float x, float y)
{
    const struct point *a = &shape->corners[0], *b = &shape->corners[1];
    float along_x = b->x - a->x, along_y = b->y - a->y, square = along_x * along_x + along_y * along_y;
    float part = square == 0 ? 0 : clamp(((x - a->x) * along_x + (y - a->y) * along_y) / square, 0, 1);
    return length(x - a->x - part * along_x, y - a->y - part * along_y) -
           (shape->radius + part * (shape->end_radius - shape->radius));
}

static float ring_distance(const struct shape *shape, float x, float y)
{
    float off = length(x - shape->corners[0].x, y - shape->corners[0].y) - shape->radius;
    return maximum(off, -off) - shape->end_radius;
}

static float polygon_distance(const struct shape *shape, float x, float y)
{
    float farthest = -1e9f;
    for (unsigned i = 0; i < shape->corner_count; i++) {
        const struct point *a = &shape->corners[i], *b = &shape->corners[(i + 1) % shape->corner_count];
        float edge_x = b->x - a->x, edge_y = b->y - a->y;
        float distance = ((x - a->x) * edge_y - (y - a->y) * edge_x) / length(edge_x, edge_y);
        farthest = maximum(farthest, distance);
    }
    return farthest;
}

static float shape_distance(const struct shape *shape, float x, float y)
{
    switch (shape->kind) {
    case SHAPE_CONE:
        return cone_distance(shape, x, y);
    case SHAPE_RING:
        return ring_distance(shape, x, y);
    default:
        return polygon_distance(shape, x, y);
    }
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static struct color row[CANVAS_WIDTH_MAX];

static void blend(struct color *under, const struct color *over, float part)
{
    under->red += part * (over->red - under->red);
    under->green += part * (over->green - under->green);
    under->blue += part * (over->blue - under->blue);
}

static void row_shape(const struct canvas *canvas, const struct shape *shape, float y)
{
    if (y < shape->top || y > shape->bottom || shape->right < 0 || shape->left >= (float)canvas->width)
        return;
    uint32_t from = (uint32_t)maximum(shape->left, 0), to = (uint32_t)minimum(shape->right + 1, (float)canvas->width);
    for (uint32_t x = from; x < to; x++) {
        float part = clamp(0.5f - shape_distance(shape, (float)x + 0.5f, y), 0, 1);
        if (part > 0)
            blend(&row[x], &shape->color, part);
    }
}

static void row_text(const struct canvas *canvas, const struct canvas_text *text, uint32_t y)
{
    int line = ((int)y - text->y) / text->dot;
    if ((int)y < text->y || line >= FONT_HEIGHT)
        return;
    for (int i = 0; text->text[i] != '\0'; i++) {
        uint8_t bits = font_row(text->text[i], (unsigned)line);
        for (int column = 0; column < FONT_WIDTH; column++) {
            int x = text->x + (i * CELL_WIDTH + column) * text->dot;
            if (!(bits >> (FONT_WIDTH - 1 - column) & 1) || x < 0)
                continue;
            for (int dot = 0; dot < text->dot && x + dot < (int)canvas->width; dot++)
                row[x + dot] = text->color;
        }
    }
}

static uint32_t channel(float value, float dither, uint8_t shift, uint8_t size)
{
    uint32_t level = (uint32_t)clamp(value + dither, 0, 255);
    return (size >= 8 ? level << (size - 8) : level >> (8 - size)) << shift;
}

static void row_store(const struct canvas *canvas, const struct boot_framebuffer *f, uint32_t y)
{
    /* Half a level of noise in a fixed pattern hides the steps of the gradients. */
    static const float pattern[4][4] = {{0.03f, 0.53f, 0.16f, 0.66f},
                                        {0.78f, 0.28f, 0.91f, 0.41f},
                                        {0.22f, 0.72f, 0.09f, 0.59f},
                                        {0.97f, 0.47f, 0.84f, 0.34f}};
    volatile uint8_t *out = f->address + (uint64_t)y * f->pitch;
    for (uint32_t x = 0; x < canvas->width; x++) {
        float dither = pattern[y % 4][x % 4];
        uint32_t pixel = channel(row[x].red, dither, f->red_shift, f->red_size) |
                         channel(row[x].green, dither, f->green_shift, f->green_size) |
                         channel(row[x].blue, dither, f->blue_shift, f->blue_size);
        if (f->bits_per_pixel == 32) {
            *(volatile uint32_t *)(volatile void *)out = pixel;
            out += 4;
        } else {
            *out++ = (uint8_t)pixel;
            *out++ = (uint8_t)(pixel >> 8);
            *out++ = (uint8_t)(pixel >> 16);
        }
    }
}

void canvas_paint(const struct canvas *canvas, const struct boot_framebuffer *framebuffer)
{
    for (uint32_t y = 0; y < canvas->height; y++) {
        for (uint32_t x = 0; x < canvas->width; x++)
            row[x] = canvas->background(canvas, (float)x + 0.5f, (float)y + 0.5f);
        for (unsigned i = 0; i < canvas->shape_count; i++)
            row_shape(canvas, &canvas->shapes[i], (float)y + 0.5f);
        for (unsigned i = 0; i < canvas->text_count; i++)
            row_text(canvas, &canvas->texts[i], y);
        row_store(canvas, framebuffer, y);
    }
}
