/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_PICTURE_H
#define EXAMPLE_PICTURE_H

#include <stagecoach/boot.h>

/* Fills the framebuffer: a stagecoach at dusk, and a few words about this boot. */
void picture_draw(const struct boot_info *info);

#endif
