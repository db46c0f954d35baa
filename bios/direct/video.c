/* Video operations of common/firmware.h: the one mode that the starter left. */
#include "firmware.h"
#include "machine_facts.h"

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    const struct boot_framebuffer *framebuffer = &facts_starter()->framebuffer;
    if (index > 0 || framebuffer->phys == 0)
        return false;
    *mode = (struct video_mode){
        .width = framebuffer->width,
        .height = framebuffer->height,
        .pitch = framebuffer->pitch,
        .bits_per_pixel = framebuffer->bits_per_pixel,
        .current = true,
    };
    return true;
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    (void)edid;
    (void)size;
    return 0;
}

enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error)
{
    (void)mode;
    (void)error;
    *framebuffer = facts_starter()->framebuffer;
    return STATUS_OK;
}
