/* One rule for VBE and GOP: which video mode. */
#ifndef STAGECOACH_VIDEO_H
#define STAGECOACH_VIDEO_H

#include "firmware.h"

struct video_wish {
    uint32_t config_width, config_height;   /* of the configuration; 0: none */
    uint32_t minimum_width, minimum_height; /* of the kernel; 0: none */
};

#define VIDEO_EDID_BLOCK 128u

/* Bytes of `edid` that are sound: whole blocks up to the first damaged one, no more than the first announces; 0: none.
 */
size_t video_edid_size(const uint8_t *edid, size_t size);

/* Bytes of the EDID that begins with this block. */
size_t video_edid_announced(const uint8_t *block);

/* Preferred size of the first detailed timing of an EDID (E-EDID 1.4, 3.10.2); false if the block is damaged. */
bool video_edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height);

/* Walks the door's modes and chooses; false if there is none. In this order: the configuration's size, exactly, else
 * the smallest mode at least as large, else the largest; with a kernel's minimum: the smallest that satisfies it, among
 * those the EDID's preferred if it does, else the largest; without wishes: the EDID's preferred size, else the mode the
 * machine is in, else 1024x768, else the largest up to that, else the smallest. 32 bits per pixel before 24; at equal
 * rank the current mode first, then the lower id. */
bool video_choose(const struct video_wish *wish, struct video_mode *chosen);

#endif
