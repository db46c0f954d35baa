/* The two ends: stop, and restart. Both work without the BIOS, which may be long gone. */
#include "firmware.h"
#include "ports.h"

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_SECONDS 0x00
#define RTC_NMI_OFF 0x80
#define DELAY_PORT 0x80        /* a write takes about a microsecond */
#define LOOKS_MAX 8000000u     /* at a clock that runs: emulators take well under a microsecond for each */
#define LOOKS_NO_CLOCK 300000u /* about a second of a real machine's port accesses */
#define NO_CLOCK 0xff          /* what an absent device reads as */

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_BUSY 2
#define KEYBOARD_RESET 0xfe
#define KEYBOARD_LOOKS 65536u
#define RESET_CONTROL 0xcf9 /* of PCI chipsets */
#define RESET_SYSTEM 2
#define RESET_CPU 4
#define RESET_LOOKS 100000u

static uint8_t read_seconds(void)
{
    port_out8(RTC_INDEX, RTC_NMI_OFF | RTC_SECONDS);
    return port_in8(RTC_DATA);
}

static void wait_for_next_second(void)
{
    uint8_t now = read_seconds();
    uint32_t looks = now == NO_CLOCK ? LOOKS_NO_CLOCK : LOOKS_MAX;
    for (uint32_t i = 0; i < looks && read_seconds() == now; i++)
        port_out8(DELAY_PORT, 0);
}

static void pause_briefly(uint32_t looks)
{
    for (uint32_t i = 0; i < looks; i++)
        port_out8(DELAY_PORT, 0);
}

static void reset_by_keyboard(void)
{
    for (uint32_t i = 0; i < KEYBOARD_LOOKS && (port_in8(KEYBOARD_COMMAND) & KEYBOARD_BUSY); i++)
        port_out8(DELAY_PORT, 0);
    port_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    pause_briefly(RESET_LOOKS);
}

static void reset_by_chipset(void)
{
    port_out8(RESET_CONTROL, RESET_SYSTEM);
    port_out8(RESET_CONTROL, RESET_SYSTEM | RESET_CPU);
    pause_briefly(RESET_LOOKS);
}

/* A fault without a usable interrupt table shuts the CPU down, which every PC answers with a reset. */
static void reset_by_fault(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0\n\tint3" : : "m"(nothing));
}

_Noreturn void firmware_reboot(uint32_t seconds)
{
    for (uint32_t i = 0; seconds > 0 && i <= seconds; i++) /* one more: the first second has begun already */
        wait_for_next_second();
    reset_by_keyboard();
    reset_by_chipset();
    reset_by_fault();
    firmware_stop();
}

_Noreturn void firmware_stop(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
