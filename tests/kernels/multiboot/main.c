#include "kernel.h"

#include <stagecoach/debug.h>

#include <stdarg.h>

/* --- output ------------------------------------------------------------------------------------------------------ */

static void say_number(uint64_t value, unsigned bits)
{
    uint32_t low = (uint32_t)value;
    char digits[24];
    unsigned count = 0;
    if (bits == 4) {
        do
            digits[count++] = "0123456789abcdef"[value & 15];
        while ((value >>= 4) != 0);
    } else {
        do
            digits[count++] = (char)('0' + low % 10);
        while ((low /= 10) != 0);
    }
    while (count > 0)
        boot_debug_putc(digits[--count]);
}

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            boot_debug_putc(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            boot_debug_puts(va_arg(list, const char *));
            break;
        case 'u':
            say_number(va_arg(list, uint32_t), 10);
            break;
        case 'x':
            say_number(va_arg(list, uint32_t), 4);
            break;
        default:
            say_number(va_arg(list, uint64_t), 4);
            break;
        }
    }
    va_end(list);
}

uint32_t failures;

void check(bool right, const char *what)
{
    if (right)
        return;
    failures++;
    say("BOOT-BAD multiboot: %s\n", what);
}

/* What the compiler asks for. */
void *memcpy(void *to, const void *from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    while (size-- > 0)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t size)
{
    uint8_t *target = to;
    while (size-- > 0)
        *target++ = (uint8_t)value;
    return to;
}

/* --- what the loader brought ------------------------------------------------------------------------------------- */

#define PATTERN 0x5ca1ab1eu
static volatile uint32_t initialised = PATTERN;
static volatile uint32_t zeroed[1000];
static volatile uint32_t *const volatile pointer = &initialised; /* relocated */
static struct facts facts;

static void check_image(void)
{
    check(initialised == PATTERN && pointer == &initialised && *pointer == PATTERN, "data are not as in the file");
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++)
        if (zeroed[i] != 0) {
            check(false, ".bss is not zero");
            break;
        }
}

#define PORT_BOCHS_EXIT 0x501u /* QEMU has nothing there */
_Noreturn static void end(uint8_t verdict)
{
    boot_outb(PORT_BOCHS_EXIT, verdict);
    boot_debug_exit(verdict);
}

void main(const struct entry_state *state);
void main(const struct entry_state *state)
{
    check_image();
    check_entry(state);
    if (state->eax == 0x36d76289)
        read_version2(state->ebx, &facts);
    else if (state->eax == 0x2badb002)
        read_version1(state->ebx, &facts);
    else
        check(false, "EAX is no magic number");
    if (facts.version != 0)
        check_facts(&facts, state);
    if (failures == 0)
        say("BOOT-OK multiboot\n");
    end(failures == 0 ? BOOT_EXIT_SUCCESS : BOOT_EXIT_FAILURE);
}
