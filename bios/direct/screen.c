/* Text before the console draws on a framebuffer: there, all the same, if the starter left one; else on the text screen
 * that every PC's display has at 0xb8000. */
#include "console.h"
#include "firmware.h"
#include "identity_map.h"
#include "machine_facts.h"

#define COLUMNS 80u
#define ROWS 25u
#define GREY 0x0700u

static volatile uint16_t *const cells = (volatile uint16_t *)0xb8000;
static unsigned row = ROWS, column;

static void scroll(void)
{
    for (unsigned i = 0; i < COLUMNS * (ROWS - 1); i++)
        cells[i] = cells[i + COLUMNS];
    for (unsigned i = 0; i < COLUMNS; i++)
        cells[COLUMNS * (ROWS - 1) + i] = GREY | ' ';
    column = 0;
}

static void clear(void)
{
    for (unsigned i = 0; i < COLUMNS * ROWS; i++)
        cells[i] = GREY | ' ';
    row = 0;
}

static void next_line(void)
{
    column = 0;
    if (++row == ROWS) {
        row = ROWS - 1;
        scroll();
    }
}

static void put(char character)
{
    if (character == '\n' || column == COLUMNS)
        next_line();
    if (character != '\n')
        cells[row * COLUMNS + column++] = (uint16_t)(GREY | (unsigned char)character);
}

void firmware_screen_write(const char *text, size_t size)
{
    const struct boot_framebuffer *framebuffer = &facts_starter()->framebuffer;
    if (framebuffer->phys != 0) {
        /* Not by firmware_map(), which may be what fails: above what is always mapped nothing is shown. */
        if (framebuffer->phys + framebuffer->size > IDENTITY_MAP_END)
            return;
        console_start(framebuffer, (void *)(uintptr_t)framebuffer->phys);
        console_write(text, size);
        return;
    }
    if (row == ROWS)
        clear();
    for (size_t i = 0; i < size; i++)
        put(text[i]);
}
