#include "boot_video.h"

#include "console.h"
#include "log.h"

void boot_video_start(const struct video_wish *wish, bool draw_log, struct boot_display *display)
{
    struct video_mode mode;
    struct error error;
    if (!video_choose(wish, &mode)) {
        log_info("no display with a linear framebuffer");
        return;
    }
    if (firmware_video_set(&mode, &display->framebuffer, &error) != STATUS_OK) {
        log_warn("%s", error.text);
        display->framebuffer = (struct boot_framebuffer){0};
        return;
    }
    const struct boot_framebuffer *framebuffer = &display->framebuffer;
    display->edid_size = firmware_edid(display->edid, sizeof display->edid);
    console_start(framebuffer, firmware_map(framebuffer->phys, framebuffer->size));
    if (draw_log)
        log_screen_ready();
    log_info("video %ux%u, %u bits per pixel", framebuffer->width, framebuffer->height, framebuffer->bits_per_pixel);
}

/* Of a door that has to look for modes to know, and of one that knows of no text mode. */
__attribute__((weak)) bool firmware_has_display(void)
{
    return true;
}

__attribute__((weak)) bool firmware_text_screen(void)
{
    return false;
}
