#include "gop.h"

#define DIMENSION_MAX 32768u
#define GOP_MODES_MAX 256u

static const EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
static const EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;

/* One channel out of its mask; false unless the mask is a single run of bits. */
static bool channel(uint32_t mask, uint8_t *shift, uint8_t *size)
{
    if (mask == 0)
        return false;
    const unsigned low = (unsigned)__builtin_ctz(mask);
    const uint64_t run = (uint64_t)(mask >> low) + 1;
    if ((run & (run - 1)) != 0)
        return false;
    *shift = (uint8_t)low;
    *size = (uint8_t)__builtin_ctzll(run);
    return *size <= 16;
}

static bool mask_layout(const EFI_PIXEL_BITMASK *mask, struct gop_layout *layout)
{
    const uint32_t all = mask->RedMask | mask->GreenMask | mask->BlueMask | mask->ReservedMask;
    if (!channel(mask->RedMask, &layout->red_shift, &layout->red_size) ||
        !channel(mask->GreenMask, &layout->green_shift, &layout->green_size) ||
        !channel(mask->BlueMask, &layout->blue_shift, &layout->blue_size))
        return false;
    const unsigned bits = 32 - (unsigned)__builtin_clz(all);
    layout->bits_per_pixel = bits <= 24 ? 24 : 32;
    return bits > 16;
}

static bool pixel_layout(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *information, struct gop_layout *layout)
{
    static const EFI_PIXEL_BITMASK rgb = {0x0000ff, 0x00ff00, 0xff0000, 0xff000000};
    static const EFI_PIXEL_BITMASK bgr = {0xff0000, 0x00ff00, 0x0000ff, 0xff000000};
    switch (information->PixelFormat) {
    case PixelRedGreenBlueReserved8BitPerColor:
        return mask_layout(&rgb, layout);
    case PixelBlueGreenRedReserved8BitPerColor:
        return mask_layout(&bgr, layout);
    case PixelBitMask:
        return mask_layout(&information->PixelInformation, layout);
    default: /* PixelBltOnly: no framebuffer to write to */
        return false;
    }
}

bool gop_layout(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *information, struct gop_layout *layout)
{
    const uint32_t width = information->HorizontalResolution, height = information->VerticalResolution;
    if (width == 0 || width > DIMENSION_MAX || height == 0 || height > DIMENSION_MAX ||
        information->PixelsPerScanLine < width || information->PixelsPerScanLine > 2 * DIMENSION_MAX ||
        !pixel_layout(information, layout))
        return false;
    layout->width = width;
    layout->height = height;
    layout->pitch = information->PixelsPerScanLine * (layout->bits_per_pixel / 8u);
    return true;
}

bool gop_query(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, uint32_t mode, struct gop_layout *layout)
{
    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *information = NULL;
    UINTN size = 0;
    if (EFI_ERROR(efi_call(gop->QueryMode(gop, mode, &size, &information))) || information == NULL)
        return false;
    const bool usable = size >= sizeof *information && gop_layout(information, layout);
    services_free(information);
    return usable;
}

static bool has_usable_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop)
{
    struct gop_layout layout;
    for (uint32_t mode = 0; mode < gop->Mode->MaxMode && mode < GOP_MODES_MAX; mode++) {
        if (gop_query(gop, mode, &layout))
            return true;
    }
    return false;
}

/* Firmware that merges several displays puts a protocol of its own on the console's handle, which has no device path
 * and the common modes only: a real device is better. 0: unusable. */
static unsigned rank(EFI_HANDLE handle, EFI_GRAPHICS_OUTPUT_PROTOCOL *gop)
{
    if (gop == NULL || gop->Mode == NULL || !has_usable_mode(gop))
        return 0;
    const bool lit = gop->Mode->Mode < gop->Mode->MaxMode && gop->Mode->FrameBufferBase != 0;
    const bool real = services_protocol(handle, &device_path_guid) != NULL;
    return 1u + (lit ? 1u : 0u) + (real ? 2u : 0u);
}

EFI_GRAPHICS_OUTPUT_PROTOCOL *gop_find(EFI_HANDLE *handle)
{
    EFI_GUID guid = gop_guid;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *best = NULL;
    EFI_HANDLE *handles = NULL;
    unsigned best_rank = 0;
    UINTN count = 0;
    if (EFI_ERROR(efi_call(services.boot->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles))))
        return NULL;
    for (UINTN i = 0; i < count; i++) {
        EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = services_protocol(handles[i], &gop_guid);
        const unsigned gop_rank = rank(handles[i], gop);
        if (gop_rank > best_rank) {
            best_rank = gop_rank;
            best = gop;
            *handle = handles[i];
        }
    }
    services_free(handles);
    return best;
}
