/* Graphics Output Protocol (UEFI 2.10, 12.9): which display, and what a mode looks like in memory. */
#ifndef STAGECOACH_UEFI_GOP_H
#define STAGECOACH_UEFI_GOP_H

#include "services.h"

struct gop_layout { /* of a mode with a linear framebuffer */
    uint32_t width, height, pitch;
    uint8_t bits_per_pixel;
    uint8_t red_shift, red_size, green_shift, green_size, blue_shift, blue_size;
};

/* The display to use, or NULL where none has a linear framebuffer; its handle to *handle. */
EFI_GRAPHICS_OUTPUT_PROTOCOL *gop_find(EFI_HANDLE *handle);

/* Describes a mode; false if it has no linear framebuffer of 24 or 32 bits per pixel, or is nonsense. */
bool gop_layout(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *information, struct gop_layout *layout);

/* Describes the mode of that number out of the list; false also if the firmware refuses to. */
bool gop_query(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, uint32_t mode, struct gop_layout *layout);

#endif
