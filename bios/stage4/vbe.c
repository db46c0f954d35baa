/* Video modes by VBE (VESA BIOS Extension 3.0) and the display's EDID by VBE/DDC 1.1. A machine without either has no
 * modes, and boots without a display. */
#include "bios.h"
#include "firmware.h"
#include "memory.h"
#include "screen.h"
#include "vbe.h"
#include "video.h"

#include <stddef.h>

#define INT_VIDEO 0x10
#define VBE_CONTROLLER 0x4f00u
#define VBE_MODE_INFO 0x4f01u
#define VBE_SET_MODE 0x4f02u
#define VBE_GET_MODE 0x4f03u
#define VBE_SCAN_LINE 0x4f06u
#define VBE_SCAN_LINE_GET 1u
#define VBE_DDC 0x4f15u
#define VBE_DDC_READ 1u
#define VBE_OK 0x004fu
#define VBE_VERSION_2 0x0200u /* the first with a linear framebuffer */
#define VBE_VERSION_3 0x0300u
#define VBE_LINEAR 0x4000u
#define VBE_NUMBER 0x3fffu
#define VBE_LIST_END 0xffffu

#define MODE_SUPPORTED (1u << 0)
#define MODE_GRAPHICS (1u << 4)
#define MODE_LINEAR (1u << 7)
#define MODEL_PACKED 4
#define MODEL_DIRECT 6

#define MODES_MAX 128u
#define LISTED_MAX 512u

struct vbe_controller {
    char signature[4];
    uint16_t version;
    uint32_t vendor;
    uint32_t capabilities;
    uint32_t modes; /* far pointer */
    uint8_t rest[494];
} __attribute__((packed));
_Static_assert(sizeof(struct vbe_controller) == FIRMWARE_VBE_CONTROLLER, "VBE 3.0, function 00h");

struct vbe_channel {
    uint8_t size, shift;
};

struct vbe_mode {
    uint16_t attributes;
    uint8_t windows[14];
    uint16_t pitch, width, height;
    uint8_t character_width, character_height, planes;
    uint8_t bits_per_pixel;
    uint8_t banks, memory_model, bank_size, pages, reserved;
    struct vbe_channel red, green, blue, unused;
    uint8_t direct_colour;
    uint32_t framebuffer;
    uint8_t reserved2[6];
    uint16_t linear_pitch; /* from here on: VBE 3.0 */
    uint8_t banked_pages, linear_pages;
    struct vbe_channel linear_red, linear_green, linear_blue, linear_unused;
    uint32_t pixel_clock;
    uint8_t rest[190];
} __attribute__((packed));
_Static_assert(offsetof(struct vbe_mode, framebuffer) == 40, "VBE 3.0, function 01h");
_Static_assert(offsetof(struct vbe_mode, linear_red) == 54, "VBE 3.0, function 01h");
_Static_assert(sizeof(struct vbe_mode) == FIRMWARE_VBE_MODE, "VBE 3.0, function 01h");

static struct video_mode modes[MODES_MAX];
static unsigned mode_count;
static bool listed;
static uint16_t version;

static struct vbe_controller controller = {.signature = {'V', 'B', 'E', '2'}}; /* asks for VBE 2 information */
static struct vbe_mode set; /* the mode that was set, and its number */
static uint16_t set_number; /* 0: none */

static bool vbe_call(struct bios_registers *registers)
{
    bios_interrupt(INT_VIDEO, registers);
    return (registers->eax & 0xffff) == VBE_OK;
}

/* Copies the list of mode numbers: it may lie in the transfer buffer itself. Returns their number. */
static unsigned list_modes(uint16_t *numbers)
{
    memcpy(transfer_buffer(), &controller, sizeof controller);
    struct bios_registers registers = {.eax = VBE_CONTROLLER, .es = TRANSFER_SEGMENT};
    if (!vbe_call(&registers))
        return 0;
    memcpy(&controller, transfer_buffer(), sizeof controller);
    version = controller.version;
    uint32_t list = far_to_linear(controller.modes);
    if (memcmp(controller.signature, "VESA", 4) != 0 || version < VBE_VERSION_2 || list < LOW_FIRMWARE_END)
        return 0;
    unsigned count = 0;
    for (; count < LISTED_MAX; count++) {
        memcpy(&numbers[count], (const void *)(uintptr_t)(list + count * sizeof numbers[0]), sizeof numbers[0]);
        if (numbers[count] == VBE_LIST_END)
            break;
    }
    return count;
}

/* Fills in what older versions leave out. False if the mode can't be drawn on: no linear framebuffer, or not 24 or 32
 * bits of red, green and blue. */
static bool mode_usable(struct vbe_mode *mode)
{
    if ((mode->attributes & (MODE_SUPPORTED | MODE_GRAPHICS | MODE_LINEAR)) !=
            (MODE_SUPPORTED | MODE_GRAPHICS | MODE_LINEAR) ||
        (mode->memory_model != MODEL_PACKED && mode->memory_model != MODEL_DIRECT) ||
        (mode->bits_per_pixel != 24 && mode->bits_per_pixel != 32))
        return false;
    if (version >= VBE_VERSION_3 && mode->linear_pitch != 0)
        mode->pitch = mode->linear_pitch;
    if (version >= VBE_VERSION_3 && mode->linear_red.size != 0) {
        mode->red = mode->linear_red;
        mode->green = mode->linear_green;
        mode->blue = mode->linear_blue;
    }
    if (mode->red.size == 0 && mode->green.size == 0 && mode->blue.size == 0) {
        mode->red = (struct vbe_channel){8, 16};
        mode->green = (struct vbe_channel){8, 8};
        mode->blue = (struct vbe_channel){8, 0};
    }
    return mode->width > 0 && mode->height > 0 && mode->framebuffer != 0 &&
           mode->pitch >= mode->width * mode->bits_per_pixel / 8u;
}

static bool channel_fits(struct vbe_channel channel, uint32_t bits)
{
    return channel.size > 0 && channel.size <= 8 && (uint32_t)channel.shift + channel.size <= bits;
}

static bool read_mode(uint16_t number, struct vbe_mode *mode)
{
    memset(transfer_buffer(), 0, sizeof *mode);
    struct bios_registers registers = {.eax = VBE_MODE_INFO, .ecx = number, .es = TRANSFER_SEGMENT};
    if (!vbe_call(&registers))
        return false;
    memcpy(mode, transfer_buffer(), sizeof *mode);
    return mode_usable(mode) && channel_fits(mode->red, mode->bits_per_pixel) &&
           channel_fits(mode->green, mode->bits_per_pixel) && channel_fits(mode->blue, mode->bits_per_pixel);
}

/* The number of the current mode, if it has a linear framebuffer; else one that no mode has. */
static uint32_t current_mode(void)
{
    struct bios_registers registers = {.eax = VBE_GET_MODE};
    if (!vbe_call(&registers) || !(registers.ebx & VBE_LINEAR))
        return VBE_LIST_END;
    return registers.ebx & VBE_NUMBER;
}

static void read_modes(void)
{
    static uint16_t numbers[LISTED_MAX];
    static struct vbe_mode mode;
    unsigned count = list_modes(numbers);
    uint32_t current = count > 0 ? current_mode() : VBE_LIST_END;
    for (unsigned i = 0; i < count && mode_count < MODES_MAX; i++) {
        if (!read_mode(numbers[i], &mode))
            continue;
        modes[mode_count++] = (struct video_mode){
            .width = mode.width,
            .height = mode.height,
            .pitch = mode.pitch,
            .bits_per_pixel = mode.bits_per_pixel,
            .current = numbers[i] == current,
            .id = numbers[i],
        };
    }
    listed = true;
}

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    if (!listed)
        read_modes();
    if (index >= mode_count)
        return false;
    *mode = modes[index];
    return true;
}

/* Bytes from row to row as the display is set up now; what the mode's description says where the BIOS can't tell. */
static uint32_t current_pitch(const struct vbe_mode *mode)
{
    struct bios_registers registers = {.eax = VBE_SCAN_LINE, .ebx = VBE_SCAN_LINE_GET};
    uint32_t least = mode->width * mode->bits_per_pixel / 8u;
    bool told = vbe_call(&registers) && (registers.ebx & 0xffff) >= least;
    return told ? registers.ebx & 0xffff : mode->pitch;
}

enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error)
{
    struct bios_registers registers = {.eax = VBE_SET_MODE, .ebx = mode->id | VBE_LINEAR};
    if (!mode->current && !vbe_call(&registers))
        return error_set(error, STATUS_FIRMWARE_CALL, "VBE can't set mode %#x (%ux%u): it answers %#x", mode->id,
                         mode->width, mode->height, registers.eax & 0xffff);
    if (!read_mode((uint16_t)mode->id, &set))
        return error_set(error, STATUS_FIRMWARE_CALL, "VBE does not describe mode %#x after setting it", mode->id);
    screen_gone();
    set_number = (uint16_t)(mode->id | VBE_LINEAR);
    *framebuffer = (struct boot_framebuffer){
        .phys = set.framebuffer,
        .width = set.width,
        .height = set.height,
        .pitch = current_pitch(&set),
        .bits_per_pixel = set.bits_per_pixel,
        .red_shift = set.red.shift,
        .red_size = set.red.size,
        .green_shift = set.green.shift,
        .green_size = set.green.size,
        .blue_shift = set.blue.shift,
        .blue_size = set.blue.size,
    };
    framebuffer->size = (uint64_t)framebuffer->pitch * framebuffer->height;
    return STATUS_OK;
}

struct firmware_vbe vbe_state(void)
{
    if (set_number == 0)
        return (struct firmware_vbe){0};
    return (struct firmware_vbe){&controller, &set, set_number};
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    size_t got = 0, announced = VIDEO_EDID_BLOCK;
    for (uint32_t number = 0; got < announced && size - got >= VIDEO_EDID_BLOCK; number++) {
        struct bios_registers registers = {.eax = VBE_DDC, .ebx = VBE_DDC_READ, .edx = number, .es = TRANSFER_SEGMENT};
        memset(transfer_buffer(), 0, VIDEO_EDID_BLOCK);
        if (!vbe_call(&registers))
            break;
        memcpy(edid + got, transfer_buffer(), VIDEO_EDID_BLOCK);
        if (video_edid_size(edid, got + VIDEO_EDID_BLOCK) == got)
            break;
        got += VIDEO_EDID_BLOCK;
        announced = video_edid_announced(edid);
    }
    return got;
}
