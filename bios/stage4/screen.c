#include "screen.h"

#include "bios.h"
#include "firmware.h"

#define INT_VIDEO 0x10
#define VIDEO_TELETYPE 0x0e00u
#define COLOUR_GREY 7u
#define VIDEO_GET_MODE 0x0f00u
#define MODE_TEXT_80X25 3u
#define VBE_GET_MODE 0x4f03u
#define VBE_OK 0x004fu

static bool gone;

void screen_gone(void)
{
    gone = true;
}

bool screen_is_gone(void)
{
    return gone;
}

static void screen_put(char character)
{
    struct bios_registers registers = {.eax = VIDEO_TELETYPE | (uint8_t)character, .ebx = COLOUR_GREY};
    bios_interrupt(INT_VIDEO, &registers);
}

void firmware_screen_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size && !gone; i++) {
        if (text[i] == '\n')
            screen_put('\r');
        screen_put(text[i]);
    }
}

/* There is a VBE, for it has function 03h, which all of them have: what calls the others need not be brought in to ask.
 */
bool firmware_has_display(void)
{
    struct bios_registers registers = {.eax = VBE_GET_MODE};
    bios_interrupt(INT_VIDEO, &registers);
    return (registers.eax & 0xffff) == VBE_OK;
}

bool firmware_text_screen(void)
{
    struct bios_registers registers = {.eax = VIDEO_GET_MODE};
    bios_interrupt(INT_VIDEO, &registers);
    return !gone && (registers.eax & 0x7f) == MODE_TEXT_80X25;
}
