/* The framebuffer: a sound description, and memory that keeps what is written. */
#include "check.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

static uint32_t channel_mask(uint8_t shift, uint8_t size)
{
    return size == 0 || shift + size > 32 ? 0 : (uint32_t)(((1ull << size) - 1) << shift);
}

static void check_format(const struct boot_framebuffer *f)
{
    uint32_t red = channel_mask(f->red_shift, f->red_size), green = channel_mask(f->green_shift, f->green_size),
             blue = channel_mask(f->blue_shift, f->blue_size);
    check_that("bits_per_pixel", f->bits_per_pixel == 24 || f->bits_per_pixel == 32, f->bits_per_pixel, "24 or 32");
    check_that("width", f->width >= 320 && f->width <= 16384, f->width, "a usual one");
    check_that("height", f->height >= 200 && f->height <= 16384, f->height, "a usual one");
    check_that("pitch", f->pitch >= f->width * (f->bits_per_pixel / 8u), f->pitch, "width * bytes per pixel or more");
    check_equal("size", f->size, (uint64_t)f->pitch * f->height);
    check_that("channels exist", red != 0 && green != 0 && blue != 0, red, "three masks");
    check_that("channels are disjoint", !(red & green) && !(green & blue) && !(red & blue), red | green | blue,
               "three masks");
    if (f->bits_per_pixel < 32)
        check_equal("channels fit a pixel", (red | green | blue) >> f->bits_per_pixel, 0);
    check_equal("offset in the page", (uintptr_t)f->address % BOOT_PAGE_SIZE,
                f->address == NULL ? 0 : f->phys % BOOT_PAGE_SIZE);
}

/* First, middle and last pixel take three patterns, then get their old bytes back. */
static void check_memory(const struct boot_framebuffer *f)
{
    uint64_t width_bytes = (uint64_t)f->width * (f->bits_per_pixel / 8u);
    const uint64_t places[] = {0, f->size / 2, f->size - f->pitch + width_bytes - 1};
    uint64_t wrong = 0;
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        volatile uint8_t *byte = &f->address[places[i]];
        uint8_t saved = *byte;
        const uint8_t patterns[] = {0x00, 0xff, 0xa5};
        for (unsigned k = 0; k < sizeof(patterns); k++) {
            *byte = patterns[k];
            wrong += *byte != patterns[k];
        }
        *byte = saved;
    }
    check_equal("bytes that don't keep what is written", wrong, 0);
}

static void check_edid(const struct boot_framebuffer *f)
{
    check_equal("edid_size", f->edid_size % 128, 0);
    check_equal("edid and edid_size", f->edid != NULL, f->edid_size != 0);
    if (f->edid == NULL)
        return;
    uint8_t sum = 0;
    for (unsigned i = 0; i < 128; i++)
        sum = (uint8_t)(sum + f->edid[i]);
    check_equal("EDID's checksum", sum, 0);
    check_equal("EDID's header", fnv1a(0, f->edid, 8), fnv1a(0, "\0\377\377\377\377\377\377\0", 8));
}

void check_video(const struct boot_info *info)
{
    const struct boot_framebuffer *f = &info->framebuffer;
    const struct boot_config *wish = &boot_note_.config;
    check_subject("framebuffer");
    if (f->phys == 0) {
        check_equal("no address", (uintptr_t)f->address, 0);
        check_equal("no size", f->size | f->width | f->height | f->pitch, 0);
        return;
    }
    boot_print("framebuffer %ux%u, %u bits, pitch %u, EDID %lu bytes\n", f->width, f->height, f->bits_per_pixel,
               f->pitch, f->edid_size);
    check_format(f);
    check_edid(f);
    check_equal("framebuffer is mapped", f->address != NULL, wish->framebuffer != BOOT_NOWHERE);
    if (wish->framebuffer > BOOT_NOWHERE)
        check_equal("address as asked", (uintptr_t)f->address & ~(BOOT_PAGE_SIZE - 1), wish->framebuffer);
    if (f->address != NULL)
        check_memory(f);
}
