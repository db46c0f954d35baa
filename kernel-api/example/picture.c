/* SPDX-License-Identifier: MIT
 *
 * The scene is drawn in units: 1000 from the top to the bottom of the screen, x from the middle; narrow screens show it
 * smaller. */
#include "picture.h"

#include "canvas.h"
#include "font.h"

#include <stagecoach/memory.h>

#define HORIZON 0.76f
#define ROAD 850.0f
#define SUN_X 330
#define SUN_Y 690
#define SUN_RADIUS 118

static struct canvas canvas;
static float scale, middle;

static const struct color ink = {18, 9, 22}, glow = {255, 196, 110}, far = {134, 55, 88}, near = {84, 34, 70},
                          sun = {255, 226, 150}, star = {235, 225, 255}, title = {255, 240, 214},
                          caption = {244, 178, 140};

/* --- units to pixels ---------------------------------------------------------------------------------------------- */

static struct point at(float x, float y)
{
    float below = (y - ROAD) * scale; /* the road keeps its height, whatever the shape of the screen */
    return (struct point){middle + x * scale, (float)canvas.height * ROAD / 1000 + below};
}

static void line(float x1, float y1, float x2, float y2, float radius)
{
    canvas_cone(&canvas, at(x1, y1), radius * scale, at(x2, y2), radius * scale, ink);
}

static void cone(float x1, float y1, float radius1, float x2, float y2, float radius2)
{
    canvas_cone(&canvas, at(x1, y1), radius1 * scale, at(x2, y2), radius2 * scale, ink);
}

static void disc(float x, float y, float radius)
{
    cone(x, y, radius, x, y, radius);
}

static void box(float left, float top, float right, float bottom, struct color color)
{
    const struct point corners[] = {at(left, top), at(right, top), at(right, bottom), at(left, bottom)};
    canvas_polygon(&canvas, corners, 4, color);
}

/* --- the sky ------------------------------------------------------------------------------------------------------ */

static struct color mix(struct color a, struct color b, float part)
{
    return (struct color){a.red + part * (b.red - a.red), a.green + part * (b.green - a.green),
                          a.blue + part * (b.blue - a.blue)};
}

static struct color gradient(float height)
{
    static const struct {
        float height;
        struct color color;
    } stops[] = {
        {0.00f, {20, 16, 58}},   {0.38f, {92, 38, 108}},    {0.60f, {214, 82, 78}}, {HORIZON, {255, 178, 92}},
        {HORIZON, {70, 32, 58}}, {0.83f, {47, 22, 46}}, {1.00f, {16, 9, 24}},
    };
    unsigned i = 1;
    while (height > stops[i].height && i + 1 < sizeof(stops) / sizeof(stops[0]))
        i++;
    float step = stops[i].height - stops[i - 1].height;
    float part = step <= 0 ? 1 : (height - stops[i - 1].height) / step;
    return mix(stops[i - 1].color, stops[i].color, part);
}

static struct color background(const struct canvas *target, float x, float y)
{
    float height = y / (float)target->height;
    struct color color = gradient(height);
    if (height >= HORIZON)
        return color;
    struct point centre = at(SUN_X, SUN_Y);
    float dx = (x - centre.x) / (SUN_RADIUS * scale), dy = (y - centre.y) / (SUN_RADIUS * scale);
    float square = dx * dx + dy * dy;
    /* The disc's edge is about a pixel wide: near 1 the square of the distance grows twice as fast as the distance. */
    float inside = 0.5f + (1 - square) * 0.5f * SUN_RADIUS * scale;
    color = mix(color, sun, 0.75f / (1 + 0.2f * square));
    return inside <= 0 ? color : mix(color, sun, inside >= 1 ? 1 : inside);
}

static void draw_stars(void)
{
    uint32_t seed = 12345;
    for (unsigned i = 0; i < 70; i++) {
        seed = seed * 1664525 + 1013904223;
        float x = (float)(seed >> 8 & 0xffff) / 65536 * (float)canvas.width;
        seed = seed * 1664525 + 1013904223;
        float depth = (float)(seed >> 8 & 0xffff) / 65536;
        float y = depth * depth * 0.5f * (float)canvas.height, radius = (0.5f + 1.1f * (float)(seed >> 28) / 16) * scale;
        struct point place = {x, y};
        canvas_cone(&canvas, place, radius, place, radius, mix(star, gradient(y / (float)canvas.height), depth));
    }
}

/* A table mountain whose foot lies on the horizon. */
static void draw_mesa(float x, float width, float height, struct color color)
{
    float foot = HORIZON * (float)canvas.height, half = width / 2;
    const struct point corners[] = {
        {at(x - half * 0.60f, 0).x, foot - height * scale},
        {at(x + half * 0.63f, 0).x, foot - height * scale},
        {at(x + half * 0.68f, 0).x, foot - height * 0.5f * scale},
        {at(x + half, 0).x, foot},
        {at(x - half, 0).x, foot},
        {at(x - half * 0.66f, 0).x, foot - height * 0.5f * scale},
    };
    canvas_polygon(&canvas, corners, sizeof(corners) / sizeof(corners[0]), color);
}

static void draw_land(void)
{
    draw_mesa(-620, 420, 150, far);
    draw_mesa(-180, 300, 90, far);
    draw_mesa(620, 460, 170, far);
    draw_mesa(1050, 380, 120, far);
    draw_mesa(-1080, 520, 130, far);
    draw_mesa(-860, 330, 75, near);
    draw_mesa(190, 260, 45, near);
    draw_mesa(830, 360, 80, near);
    struct point left = {0, at(0, ROAD + 4).y}, right = {(float)canvas.width, left.y};
    canvas_cone(&canvas, left, 5 * scale, right, 5 * scale, ink);
}

/* --- the coach ---------------------------------------------------------------------------------------------------- */

static void draw_wheel(float x, float radius)
{
    /* Twelve spokes: six directions, both ways. */
    static const struct point directions[6] = {{1, 0},           {0.866f, 0.5f}, {0.5f, 0.866f},
                                               {0, 1}, {-0.5f, 0.866f}, {-0.866f, 0.5f}};
    float y = ROAD - radius - 5, rim = radius - 4;
    canvas_ring(&canvas, at(x, y), rim * scale, 9 * scale, ink);
    for (unsigned i = 0; i < 6; i++)
        line(x - rim * directions[i].x, y - rim * directions[i].y, x + rim * directions[i].x, y + rim * directions[i].y,
             2.4f);
    disc(x, y, 14);
}

static void draw_body(void)
{
    const struct point body[] = {at(-362, 560), at(-88, 560),  at(-96, 640),  at(-118, 706),
                                 at(-152, 738), at(-298, 738), at(-334, 706), at(-354, 640)};
    canvas_polygon(&canvas, body, 8, ink);
    const struct point boot[] = {at(-408, 604), at(-352, 588), at(-340, 712), at(-396, 700)};
    canvas_polygon(&canvas, boot, 4, ink);
    line(-378, 554, -74, 554, 7);
    box(-334, 588, -284, 640, glow);
    box(-254, 582, -194, 646, glow);
    box(-166, 588, -116, 640, glow);
    line(-309, 588, -309, 640, 1.6f);
    line(-141, 588, -141, 640, 1.6f);
    line(-224, 582, -224, 646, 1.6f);
    line(-345, 738, -112, 752, 6);
    line(-340, 765, -90, 784, 7);
    line(-330, 735, -330, 770, 5);
    line(-100, 740, -95, 785, 5);
}

static void draw_luggage(void)
{
    line(-356, 520, -132, 520, 2.6f);
    for (float x = -356; x < -130; x += 56)
        line(x, 520, x, 552, 2.6f);
    box(-338, 492, -262, 550, ink);
    box(-254, 508, -196, 550, ink);
    line(-186, 534, -150, 534, 15);
    line(-322, 484, -280, 484, 3);
}

static void draw_driver(void)
{
    line(-88, 596, -8, 620, 6);
    line(-8, 620, 6, 596, 5);
    cone(-56, 584, 17, -50, 530, 15);
    disc(-46, 502, 13);
    line(-68, 494, -26, 490, 3);
    line(-56, 482, -38, 480, 9);
    cone(-50, 540, 8, -8, 560, 5);
    cone(-52, 586, 10, -12, 612, 7);
    line(-8, 560, 30, 470, 1.8f);
    line(30, 470, 62, 500, 1.2f);
}

/* --- the horses --------------------------------------------------------------------------------------------------- */

static void draw_leg(float x, float y, float knee_x, float knee_y, float hoof_x, float hoof_y)
{
    cone(x, y, 17, knee_x, knee_y, 8);
    cone(knee_x, knee_y, 8, hoof_x, hoof_y, 5.5f);
    line(hoof_x, hoof_y, hoof_x + 7, hoof_y + 3, 6);
}

static void draw_horse(float x, float stride)
{
    float y = 700 - stride * 6;
    cone(x - 66, y, 38, x + 62, y - 4, 36);
    cone(x + 72, y - 16, 27, x + 122, y - 92, 15);
    cone(x + 122, y - 96, 17, x + 168, y - 66, 9);
    cone(x + 112, y - 108, 6, x + 108, y - 128, 2);
    cone(x + 104, y - 104, 10, x + 60, y - 38, 10);
    cone(x - 98, y - 14, 10, x - 140, y + 8 - stride * 14, 8);
    cone(x - 140, y + 8 - stride * 14, 8, x - 164, y + 52, 3);
    draw_leg(x + 66, y + 18, x + 108 + 14 * stride, y + 58, x + 96 + 34 * stride, y + 116 - 16 * stride);
    draw_leg(x + 52, y + 20, x + 66 - 26 * stride, y + 76, x + 36 - 14 * stride, y + 118);
    draw_leg(x - 76, y + 16, x - 92 - 20 * stride, y + 74, x - 132 - 16 * stride, y + 122 - 10 * stride);
    draw_leg(x - 58, y + 20, x - 36 + 10 * stride, y + 80, x - 62 + 24 * stride, y + 136 - 4 * stride);
    line(x + 60, y - 34, x + 48, y + 34, 5);
}

static void draw_team(void)
{
    line(-70, 776, 560, 716, 4);
    draw_horse(190, 0.2f);
    draw_horse(430, 1.0f);
    line(-8, 560, 312, 606, 1.2f);
    line(-8, 560, 548, 604, 1.2f);
    line(-60, 760, 240, 716, 2);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static char *put_text(char *to, const char *end, const char *text)
{
    while (*text != '\0' && to < end)
        *to++ = *text++;
    *to = '\0';
    return to;
}

static char *put_number(char *to, const char *end, uint64_t number)
{
    char digits[21];
    unsigned start = sizeof(digits) - 1;
    digits[start] = '\0';
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put_text(to, end, digits + start);
}

static const char *describe(const struct boot_info *info)
{
    static char text[96];
    char *to = text, *end = text + sizeof(text) - 1;
    to = put_text(to, end, info->firmware == BOOT_FIRMWARE_UEFI ? "UEFI" : info->firmware == BOOT_FIRMWARE_BIOS ? "BIOS" : "DIRECT");
    to = put_text(to, end, " / ");
    to = put_number(to, end, info->framebuffer.width);
    to = put_text(to, end, "x");
    to = put_number(to, end, info->framebuffer.height);
    to = put_text(to, end, " / ");
    to = put_number(to, end, boot_memory_total(info, BOOT_MEMORY_USABLE) >> 20);
    to = put_text(to, end, " MiB free");
    if (info->tsc_hz >= 1000 && info->timeline_count > 0) {
        uint64_t ticks = info->timeline[info->timeline_count - 1].tsc - info->timeline[0].tsc;
        to = put_text(to, end, " / ");
        to = put_number(to, end, ticks / (info->tsc_hz / 1000));
        put_text(to, end, " ms");
    }
    return text;
}

static void write_centred(const char *text, float y, int dot, struct color color)
{
    int width = canvas_text_width(text, dot);
    canvas_write(&canvas, text, ((int)canvas.width - width) / 2, (int)(y * (float)canvas.height), dot, color);
}

static void draw_words(const struct boot_info *info)
{
    int dot = (int)(13 * scale), small = (int)(3.4f * scale + 0.5f);
    small = small < 1 ? 1 : small;
    write_centred("STAGECOACH", 0.13f, dot < 2 ? 2 : dot, title);
    write_centred("from power-on to your kernel's first instruction", 0.26f, small, caption);
    write_centred(describe(info), 0.925f, small, caption);
}

void picture_draw(const struct boot_info *info)
{
    const struct boot_framebuffer *f = &info->framebuffer;
    canvas.width = f->width < CANVAS_WIDTH_MAX ? f->width : CANVAS_WIDTH_MAX;
    canvas.height = f->height;
    canvas.background = background;
    middle = (float)canvas.width / 2 - 0.1f;
    scale = (float)canvas.height / 1000;
    if (scale > (float)canvas.width / 1300)
        scale = (float)canvas.width / 1300;
    draw_stars();
    draw_land();
    draw_body();
    draw_luggage();
    draw_wheel(-322, 84);
    draw_wheel(-88, 64);
    draw_driver();
    draw_team();
    draw_words(info);
    canvas_paint(&canvas, f);
}
