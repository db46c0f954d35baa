/* Modes as displays describe them: where the colours lie, and what is no linear framebuffer. */
#include "../cmocka_all.h"

#include "gop.h"

#include <string.h>

struct mode_case {
    uint32_t width, height, pixels_per_line;
    EFI_GRAPHICS_PIXEL_FORMAT format;
    EFI_PIXEL_BITMASK mask;
    struct gop_layout wanted; /* width 0: refused */
};

#define RGB PixelRedGreenBlueReserved8BitPerColor
#define BGR PixelBlueGreenRedReserved8BitPerColor
#define NONE                                                                                                           \
    {                                                                                                                  \
        0                                                                                                              \
    }

static const struct mode_case cases[] = {
    {1024, 768, 1024, RGB, NONE, {1024, 768, 4096, 32, 0, 8, 8, 8, 16, 8}},
    {1024, 768, 1088, BGR, NONE, {1024, 768, 4352, 32, 16, 8, 8, 8, 0, 8}},
    {800, 600, 800, PixelBitMask, {0xff0000, 0xff00, 0xff, 0}, {800, 600, 2400, 24, 16, 8, 8, 8, 0, 8}},
    {800, 600, 800, PixelBitMask, {0xff0000, 0xff00, 0xff, 0xff000000}, {800, 600, 3200, 32, 16, 8, 8, 8, 0, 8}},
    {800, 600, 800, PixelBitMask, {0x3ff00000, 0xffc00, 0x3ff, 0}, {800, 600, 3200, 32, 20, 10, 10, 10, 0, 10}},
    {800, 600, 800, PixelBitMask, {0xf800, 0x7e0, 0x1f, 0}, NONE},     /* 16 bits per pixel */
    {800, 600, 800, PixelBitMask, {0xff0000, 0, 0xff, 0}, NONE},       /* no green */
    {800, 600, 800, PixelBitMask, {0xff0000, 0xf0f0, 0xff, 0}, NONE},  /* not one run */
    {800, 600, 800, PixelBitMask, {0xfffff000, 0xf00, 0xff, 0}, NONE}, /* 20 bits of red */
    {800, 600, 800, PixelBltOnly, NONE, NONE},
    {800, 600, 800, (EFI_GRAPHICS_PIXEL_FORMAT)77, NONE, NONE},
    {0, 600, 800, BGR, NONE, NONE},
    {800, 0, 800, BGR, NONE, NONE},
    {800, 600, 799, BGR, NONE, NONE},
    {800, 600, 0xffffffff, BGR, NONE, NONE},
    {0xffffffff, 600, 0xffffffff, BGR, NONE, NONE},
};

static void test_layouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct mode_case *mode = &cases[i];
        const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION information = {
            .HorizontalResolution = mode->width,
            .VerticalResolution = mode->height,
            .PixelFormat = mode->format,
            .PixelInformation = mode->mask,
            .PixelsPerScanLine = mode->pixels_per_line,
        };
        struct gop_layout layout = {0};
        const bool usable = gop_layout(&information, &layout);
        assert_int_equal(usable, mode->wanted.width != 0);
        if (usable)
            assert_memory_equal(&layout, &mode->wanted, sizeof layout);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layouts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
