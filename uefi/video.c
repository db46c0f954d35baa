/* Video modes, EDID and the framebuffer. */
#include "gop.h"

#include "checked.h"
#include "memory.h"
#include "video.h"

#define MODES_MAX 256u

static const EFI_GUID edid_guids[] = {EFI_EDID_ACTIVE_PROTOCOL_GUID, EFI_EDID_DISCOVERED_PROTOCOL_GUID};

static struct {
    bool scanned;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop; /* NULL: no display that we can draw on */
    EFI_HANDLE handle;
    unsigned count;
    struct video_mode modes[MODES_MAX];
} display;

/* Asks for every mode once: a query is slow on some firmware. */
static void scan_display(void)
{
    if (display.scanned)
        return;
    display.scanned = true;
    display.gop = gop_find(&display.handle);
    if (display.gop == NULL)
        return;
    const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *now = display.gop->Mode;
    for (uint32_t id = 0; id < now->MaxMode && id < MODES_MAX; id++) {
        struct gop_layout layout;
        if (!gop_query(display.gop, id, &layout))
            continue;
        display.modes[display.count++] = (struct video_mode){
            .width = layout.width,
            .height = layout.height,
            .pitch = layout.pitch,
            .bits_per_pixel = layout.bits_per_pixel,
            .current = id == now->Mode,
            .id = id,
        };
    }
}

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    scan_display();
    if (index >= display.count)
        return false;
    *mode = display.modes[index];
    return true;
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    scan_display();
    for (size_t i = 0; i < sizeof edid_guids / sizeof edid_guids[0]; i++) {
        /* Both protocols have the same fields. */
        const EFI_EDID_ACTIVE_PROTOCOL *found = services_protocol(display.handle, &edid_guids[i]);
        if (found == NULL || found->Edid == NULL)
            continue;
        const size_t copied = found->SizeOfEdid < size ? found->SizeOfEdid : size;
        memcpy(edid, found->Edid, copied);
        const size_t sound = video_edid_size(edid, copied);
        if (sound != 0)
            return sound;
    }
    return 0;
}

/* What the display shows now. The list's pitch is not to be believed, the framebuffer may be elsewhere in each mode. */
static enum status describe_framebuffer(struct boot_framebuffer *framebuffer, struct error *error)
{
    const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *now = display.gop->Mode;
    struct gop_layout layout;
    if (now->Info == NULL || !gop_layout(now->Info, &layout))
        return error_set(error, STATUS_FIRMWARE_CALL, "GOP mode %u has no linear framebuffer after it was set",
                         now->Mode);
    const uint64_t size = (uint64_t)layout.pitch * layout.height;
    uint64_t end;
    if (now->FrameBufferBase == 0 || now->FrameBufferSize < size || !add_ok(now->FrameBufferBase, size, &end))
        return error_set(error, STATUS_FIRMWARE_CALL, "GOP mode %u needs %llu bytes, the framebuffer at %#llx has %llu",
                         now->Mode, (unsigned long long)size, (unsigned long long)now->FrameBufferBase,
                         (unsigned long long)now->FrameBufferSize);
    *framebuffer = (struct boot_framebuffer){
        .phys = now->FrameBufferBase,
        .size = size,
        .width = layout.width,
        .height = layout.height,
        .pitch = layout.pitch,
        .bits_per_pixel = layout.bits_per_pixel,
        .red_shift = layout.red_shift,
        .red_size = layout.red_size,
        .green_shift = layout.green_shift,
        .green_size = layout.green_size,
        .blue_shift = layout.blue_shift,
        .blue_size = layout.blue_size,
    };
    return STATUS_OK;
}

enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error)
{
    scan_display();
    if (display.gop == NULL)
        return error_set(error, STATUS_FIRMWARE_CALL, "there is no display with a linear framebuffer");
    if (display.gop->Mode->Mode != mode->id) {
        const EFI_STATUS status = efi_call(display.gop->SetMode(display.gop, mode->id));
        if (EFI_ERROR(status))
            return error_set(error, STATUS_FIRMWARE_CALL, "GOP mode %u (%ux%u) can't be set: %s", mode->id, mode->width,
                             mode->height, efi_status_name(status));
    }
    return describe_framebuffer(framebuffer, error);
}
