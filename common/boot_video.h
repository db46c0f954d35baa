/* The display: mode chosen, set, described, and the log drawn on it. */
#ifndef STAGECOACH_BOOT_VIDEO_H
#define STAGECOACH_BOOT_VIDEO_H

#include "video.h"

#define BOOT_EDID_SIZE 256u /* base block and one extension */

struct boot_display {
    struct boot_framebuffer framebuffer; /* size 0: none */
    uint8_t edid[BOOT_EDID_SIZE];
    size_t edid_size;
};

/* Leaves `display` without a framebuffer, and says so in the log, where there is none or its mode can't be set: no
 * reason not to boot. `draw_log`: the log's screen sink is on. */
void boot_video_start(const struct video_wish *wish, bool draw_log, struct boot_display *display);

#endif
