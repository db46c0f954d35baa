#include "serial.h"

#include "ports.h"

#include <stdint.h>

#define COM1 0x3f8u
#define DEBUGCON 0xe9u
#define TIMELINE_PORT 0xebu
#define TIMELINE_ANSWER 0x54u /* imgtool's QEMU reads so (imgtool/timeline.h) */

/* Registers of the 16550 and the bits used here (National Semiconductor PC16550D data sheet, table II). */
#define UART_DATA (COM1 + 0u)
#define UART_DIVISOR_LOW (COM1 + 0u)
#define UART_INTERRUPTS (COM1 + 1u)
#define UART_DIVISOR_HIGH (COM1 + 1u)
#define UART_INTERRUPT_ID (COM1 + 2u)
#define UART_FIFO_CONTROL (COM1 + 2u)
#define UART_LINE_CONTROL (COM1 + 3u)
#define UART_MODEM_CONTROL (COM1 + 4u)
#define UART_LINE_STATUS (COM1 + 5u)
#define UART_SCRATCH (COM1 + 7u)

#define LINE_8N1 0x03u
#define LINE_DIVISOR_ACCESS 0x80u
#define MODEM_DTR_RTS 0x03u
#define FIFO_ENABLE_AND_CLEAR 0x07u
#define INTERRUPT_ID_FIFOS 0xc0u
#define STATUS_HOLDING_EMPTY 0x20u
#define STATUS_ALL_SENT 0x40u
#define FIFO_SIZE 16u
#define DIVISOR_115200 1u

/* A full FIFO leaves the wire in 1.4 ms, and reading a port of a real machine takes about 1 us; but a virtual machine's
 * wire is as slow as whoever reads at its other end. */
#define SPIN_LIMIT 4000000u

static bool tried, present;
static unsigned batch; /* bytes that an empty transmitter takes: 16 with FIFO, else 1 */
static unsigned room;  /* of those, how many it takes still without being asked */

static bool scratch_keeps(uint8_t value)
{
    port_out8(UART_SCRATCH, value);
    return port_in8(UART_SCRATCH) == value;
}

static bool wait_for(uint8_t status_bit)
{
    for (unsigned spin = 0; spin < SPIN_LIMIT; spin++) {
        if (port_in8(UART_LINE_STATUS) & status_bit)
            return true;
    }
    return false;
}

static void set_up(void)
{
    port_out8(UART_INTERRUPTS, 0);
    port_out8(UART_LINE_CONTROL, LINE_8N1 | LINE_DIVISOR_ACCESS);
    port_out8(UART_DIVISOR_LOW, DIVISOR_115200);
    port_out8(UART_DIVISOR_HIGH, 0);
    port_out8(UART_LINE_CONTROL, LINE_8N1);
    port_out8(UART_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    port_out8(UART_MODEM_CONTROL, MODEM_DTR_RTS);
    batch = (port_in8(UART_INTERRUPT_ID) & INTERRUPT_ID_FIFOS) == INTERRUPT_ID_FIFOS ? FIFO_SIZE : 1;
    room = 0;
}

bool serial_start(void)
{
    if (tried)
        return present;
    tried = true;
    /* Where there is no device the bus reads as 0xff, and nothing keeps both patterns. */
    if (port_in8(UART_LINE_STATUS) == 0xff || !scratch_keeps(0x5a) || !scratch_keeps(0xa5))
        return false;
    /* The firmware's last words leave before the FIFO is cleared. */
    present = wait_for(STATUS_ALL_SENT);
    if (present)
        set_up();
    return present;
}

static void put(char byte)
{
    if (room == 0) {
        if (!wait_for(STATUS_HOLDING_EMPTY)) {
            present = false;
            return;
        }
        room = batch;
    }
    port_out8(UART_DATA, (uint8_t)byte);
    room--;
}

void serial_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size && present; i++) {
        if (text[i] == '\n')
            put('\r');
        if (present)
            put(text[i]);
    }
}

static bool debugcon_present(void)
{
    /* QEMU and Bochs answer with the port's own number; real machines with 0xff. */
    return port_in8(DEBUGCON) == DEBUGCON;
}

static void write_port(uint16_t port, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        port_out8(port, (uint8_t)text[i]);
}

void debugcon_write(const char *text, size_t size)
{
    if (debugcon_present())
        write_port(DEBUGCON, text, size);
}

bool timeline_port_listens(void)
{
    return debugcon_present() && port_in8(TIMELINE_PORT) == TIMELINE_ANSWER;
}

void timeline_port_write(const char *text, size_t size)
{
    write_port(TIMELINE_PORT, text, size);
}
