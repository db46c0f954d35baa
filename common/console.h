/* Text on the framebuffer: Spleen 8x16, or 16x32 from 1920 pixels of width on. Scrolls; draws whole rows of pixels. */
#ifndef STAGECOACH_CONSOLE_H
#define STAGECOACH_CONSOLE_H

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stddef.h>

/* Starts drawing; `pixels` is where the framebuffer can be written. Clears it at the first text, not before. Where
 * nothing can be drawn (not 24 or 32 bits per pixel, a size that does not fit the pitch, less than one character) the
 * console is not ready and ignores all text. */
void console_start(const struct boot_framebuffer *framebuffer, void *memory);
extern bool console_is_ready; /* console_start() alone writes it */
static inline bool console_ready(void)
{
    return console_is_ready;
}

/* Text in UTF-8; what is not ASCII shows as a replacement. "\n" ends lines, long ones are wrapped, other control
 * characters are ignored. */
void console_write(const char *text, size_t size);

#endif
