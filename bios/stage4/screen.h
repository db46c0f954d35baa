/* Text on the BIOS's screen. */
#ifndef STAGECOACH_BIOS_SCREEN_H
#define STAGECOACH_BIOS_SCREEN_H

#include <stdbool.h>

/* The display shows a framebuffer now: the BIOS's text output would not be seen, or would spoil the picture. */
void screen_gone(void);
bool screen_is_gone(void);

#endif
