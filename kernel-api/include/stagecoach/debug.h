/* SPDX-License-Identifier: MIT
 *
 * A kernel's first words: I/O ports, text on COM1 and on port E9, and the end of a run under QEMU. Needs nothing but the
 * state at entry: the loader has set COM1 to 115200 baud, 8 bits, no parity, 1 stop bit.
 */
#ifndef STAGECOACH_DEBUG_H
#define STAGECOACH_DEBUG_H

#include <stdint.h>

#ifdef __cplusplus /* these functions are C, casts and all */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

#define BOOT_PORT_COM1 0x3f8u
#define BOOT_PORT_E9 0xe9u         /* QEMU's debugcon, Bochs' port_e9_hack: whoever has it answers 0xE9 */
#define BOOT_PORT_DEBUG_EXIT 0xf4u /* QEMU: -device isa-debug-exit,iobase=0xf4,iosize=4 */

#define BOOT_EXIT_SUCCESS 0x10u /* QEMU then ends with 33 */
#define BOOT_EXIT_FAILURE 0x11u /* QEMU then ends with 35 */

static inline void boot_outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t boot_inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* Writes one byte to COM1. Where there is no UART, or one that never gets ready, the byte is lost after a while. */
static inline void boot_com1_write(uint8_t byte)
{
    const uint16_t line_status = BOOT_PORT_COM1 + 5;
    for (uint32_t attempt = 0; attempt < 10000000; attempt++) {
        uint8_t status = boot_inb(line_status);
        if (status == 0xff)
            return; /* an empty bus */
        if (status & 0x20) {
            boot_outb(BOOT_PORT_COM1, byte);
            return;
        }
    }
}

/* Writes one character wherever someone may listen; a line feed becomes CR LF on the wire. */
static inline void boot_debug_putc(char character)
{
    if (boot_inb(BOOT_PORT_E9) == 0xe9)
        boot_outb(BOOT_PORT_E9, (uint8_t)character);
    if (character == '\n')
        boot_com1_write('\r');
    boot_com1_write((uint8_t)character);
}

static inline void boot_debug_puts(const char *text)
{
    while (*text != '\0')
        boot_debug_putc(*text++);
}

/* Stops this CPU for good. */
__attribute__((noreturn)) static inline void boot_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* Ends QEMU with exit code 2 * value + 1; stops the CPU where there is no isa-debug-exit. */
__attribute__((noreturn)) static inline void boot_debug_exit(uint8_t value)
{
    boot_outb(BOOT_PORT_DEBUG_EXIT, value);
    boot_halt();
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
