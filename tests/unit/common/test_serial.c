/* common/serial.c against a model of the 16550 that is strict about what it is sent and when. */
#include "cmocka_all.h"

#include "ports.h"
#include "serial.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct machine {
    bool absent;            /* nothing answers on COM1 */
    bool no_scratch;        /* something does, which is no UART */
    bool no_fifo;           /* an 8250 or 16450 */
    bool stuck;             /* never sends anything */
    size_t stuck_after;     /* bytes, after which it sends no more; 0: goes on */
    unsigned slowness;      /* status reads for each byte to leave */
    unsigned firmware_left; /* bytes of the firmware's that wait in the transmitter at the start */
    bool no_debugcon;

    uint8_t scratch, line_control, modem_control, interrupts;
    uint16_t divisor;
    bool fifo_on;
    unsigned waiting, reads_until_sent;
    uint64_t reads, writes;
    bool overrun, lost_firmware_text, started;
    char sent[4096], debugcon[4096];
    size_t sent_size, debugcon_size;
} * machine;

/* --- the device -------------------------------------------------------------------------------------------------- */

static bool blocked(void)
{
    return machine->stuck || (machine->stuck_after != 0 && machine->sent_size >= machine->stuck_after);
}

static uint8_t line_status(void)
{
    if (machine->waiting > 0 && !blocked() && machine->reads_until_sent-- == 0) {
        machine->waiting--;
        machine->reads_until_sent = machine->slowness;
    }
    return machine->waiting == 0 && !blocked() ? 0x60 : 0x00;
}

uint8_t port_in8(uint16_t port)
{
    machine->reads++;
    if (port == 0xe9)
        return machine->no_debugcon ? 0xff : 0xe9;
    assert_in_range(port, 0x3f8, 0x3ff);
    if (machine->absent)
        return 0xff;
    switch (port) {
    case 0x3fa:
        return machine->fifo_on ? 0xc1 : 0x01;
    case 0x3fd:
        return line_status();
    case 0x3ff:
        return machine->no_scratch ? 0 : machine->scratch;
    }
    return 0;
}

static void transmit(uint8_t byte)
{
    machine->overrun |= machine->waiting >= (machine->fifo_on ? 16u : 1u);
    machine->waiting++;
    machine->reads_until_sent = machine->slowness;
    if (machine->sent_size < sizeof machine->sent)
        machine->sent[machine->sent_size++] = (char)byte;
}

static void control_fifo(uint8_t value)
{
    machine->fifo_on = (value & 1) && !machine->no_fifo;
    machine->lost_firmware_text |= (value & 4) && machine->waiting > 0;
}

void port_out8(uint16_t port, uint8_t value)
{
    machine->writes++;
    bool divisor_access = machine->line_control & 0x80;
    switch (port) {
    case 0xe9:
        machine->debugcon[machine->debugcon_size++] = (char)value;
        break;
    case 0x3f8:
        if (divisor_access)
            machine->divisor = (uint16_t)((machine->divisor & 0xff00) | value);
        else
            transmit(value);
        break;
    case 0x3f9:
        if (divisor_access)
            machine->divisor = (uint16_t)((machine->divisor & 0xff) | value << 8);
        else
            machine->interrupts = value;
        break;
    case 0x3fa:
        control_fifo(value);
        break;
    case 0x3fb:
        machine->line_control = value;
        break;
    case 0x3fc:
        machine->modem_control = value;
        break;
    case 0x3ff:
        machine->scratch = value;
        break;
    default:
        fail_msg("port %#x is none of the UART's", port);
    }
}

/* --- runs -------------------------------------------------------------------------------------------------------- */

static int reset(void **state)
{
    (void)state;
    if (machine == NULL)
        machine = mmap(NULL, sizeof *machine, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(machine, 0, sizeof *machine);
    machine->divisor = 12;
    machine->interrupts = 0x0f;
    return 0;
}

/* serial.c finds out once what is there: so every machine gets a process of its own. */
static void run(const char *text)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        machine->waiting = machine->firmware_left;
        serial_write("too early", 9);
        debugcon_write(text, strlen(text));
        machine->started = serial_start();
        serial_write(text, strlen(text));
        serial_write("", 0);
        _exit(serial_start() == machine->started || machine->stuck_after != 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == EXIT_SUCCESS);
    assert_false(machine->overrun);
    assert_false(machine->lost_firmware_text);
}

static void assert_sent(const char *text)
{
    assert_int_equal(machine->sent_size, strlen(text));
    assert_memory_equal(machine->sent, text, machine->sent_size);
}

static void assert_nothing_sent(void)
{
    assert_false(machine->started);
    assert_sent("");
    assert_int_equal(machine->line_control, 0);
}

static const char lines[] = "one\ntwo is longer than the FIFO is, by far\n\nend";
static const char sent_lines[] = "one\r\ntwo is longer than the FIFO is, by far\r\n\r\nend";

static void sets_up_and_sends(void **state)
{
    (void)state;
    machine->slowness = 3;
    machine->firmware_left = 5;
    run(lines);
    assert_true(machine->started);
    assert_sent(sent_lines);
    assert_int_equal(machine->divisor, 1); /* 115200 */
    assert_int_equal(machine->line_control, 0x03);
    assert_int_equal(machine->modem_control, 0x03);
    assert_int_equal(machine->interrupts, 0);
    assert_true(machine->fifo_on);
}

static void sends_without_fifo(void **state)
{
    (void)state;
    machine->no_fifo = true;
    machine->slowness = 7;
    run(lines);
    assert_sent(sent_lines);
}

static void asks_once_per_fifo(void **state)
{
    (void)state;
    run(lines);
    assert_in_range(machine->reads, 1, 2 * sizeof sent_lines);
}

static void nothing_there(void **state)
{
    (void)state;
    machine->absent = true;
    machine->no_debugcon = true;
    run(lines);
    assert_nothing_sent();
    assert_int_equal(machine->debugcon_size, 0);
    assert_in_range(machine->reads, 1, 10);
}

static void not_a_uart(void **state)
{
    (void)state;
    machine->no_scratch = true;
    run(lines);
    assert_nothing_sent();
}

static void never_ready(void **state)
{
    (void)state;
    machine->stuck = true;
    run(lines);
    assert_nothing_sent();
    assert_in_range(machine->reads, 1000, 10000000);
}

static void stops_midway(void **state)
{
    (void)state;
    machine->stuck_after = 20;
    run(lines);
    assert_true(machine->started);
    assert_in_range(machine->sent_size, 20, 20 + 16);
    assert_memory_equal(machine->sent, sent_lines, machine->sent_size);
    assert_in_range(machine->reads, 1000, 10000000); /* waited once, not for every byte */
}

static void debugcon_gets_plain_lines(void **state)
{
    (void)state;
    run(lines);
    assert_int_equal(machine->debugcon_size, strlen(lines));
    assert_memory_equal(machine->debugcon, lines, machine->debugcon_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sets_up_and_sends, reset),  cmocka_unit_test_setup(sends_without_fifo, reset),
        cmocka_unit_test_setup(asks_once_per_fifo, reset), cmocka_unit_test_setup(nothing_there, reset),
        cmocka_unit_test_setup(not_a_uart, reset),         cmocka_unit_test_setup(never_ready, reset),
        cmocka_unit_test_setup(stops_midway, reset),       cmocka_unit_test_setup(debugcon_gets_plain_lines, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
