/* SPDX-License-Identifier: MIT
 *
 * boot_print(): formatted text on COM1 and port E9, with the compiler's checks of printf.
 *
 *   %s %c %%          as in C; a NULL string is shown as (null)
 *   %d %i %u %x %X %p with l, ll, z, h or hh before, a minimum width and 0 padding: %016lx
 *   %-20s             a minus sign pads behind
 *
 * What it does not know (floating point, precision, '*') is printed as it stands, and nothing after it is converted.
 */
#ifndef STAGECOACH_PRINT_H
#define STAGECOACH_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "debug.h"

#ifdef __cplusplus /* these functions are C, casts and all */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

struct boot_print_field_ {
    unsigned width;
    bool left, zeros;
    int longs; /* l, ll, z: at least 1 */
};

static inline unsigned boot_print_length_(const char *text)
{
    unsigned length = 0;
    while (text[length] != '\0') {
        length++;
        __asm__ volatile("" : "+r"(length)); /* or else GCC makes it a call of strlen, which a kernel may not have */
    }
    return length;
}

static inline void boot_print_text_(const struct boot_print_field_ *field, const char *text, unsigned length)
{
    unsigned padding = field->width > length ? field->width - length : 0;
    for (; padding > 0 && !field->left; padding--)
        boot_debug_putc(field->zeros ? '0' : ' ');
    for (unsigned i = 0; i < length; i++)
        boot_debug_putc(text[i]);
    for (; padding > 0; padding--)
        boot_debug_putc(' ');
}

static inline void boot_print_number_(const struct boot_print_field_ *field, uint64_t value, unsigned base, char first,
                                      bool negative)
{
    char digits[24];
    unsigned start = sizeof(digits);
    do {
        unsigned digit = (unsigned)(value % base);
        digits[--start] = (char)(digit < 10 ? '0' + (int)digit : first + (int)digit - 10);
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--start] = '-';
    boot_print_text_(field, digits + start, (unsigned)sizeof(digits) - start);
}

/* Reads flags, width and length of the conversion that starts behind a '%'. */
static inline const char *boot_print_parse_(const char *format, struct boot_print_field_ *field)
{
    for (; *format == '-' || *format == '0'; format++) {
        field->left |= *format == '-';
        field->zeros |= *format == '0';
    }
    for (; *format >= '0' && *format <= '9'; format++)
        field->width = field->width * 10 + (unsigned)(*format - '0');
    for (; *format == 'l' || *format == 'z' || *format == 'h'; format++)
        field->longs += *format == 'h' ? 0 : 1;
    return format;
}

__attribute__((format(printf, 1, 0))) static inline void boot_vprint(const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            boot_debug_putc(*format);
            continue;
        }
        const char *percent = format;
        struct boot_print_field_ field = {0, false, false, 0};
        format = boot_print_parse_(format + 1, &field);
        if (*format == '%') {
            boot_debug_putc('%');
        } else if (*format == 'c') {
            char character = (char)va_arg(arguments, int);
            boot_print_text_(&field, &character, 1);
        } else if (*format == 's') {
            const char *text = va_arg(arguments, const char *);
            text = text != (const char *)0 ? text : "(null)";
            boot_print_text_(&field, text, boot_print_length_(text));
        } else if (*format == 'd' || *format == 'i') {
            int64_t value = field.longs > 0 ? (int64_t)va_arg(arguments, long) : (int64_t)va_arg(arguments, int);
            boot_print_number_(&field, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, 'a', value < 0);
        } else if (*format == 'u' || *format == 'x' || *format == 'X') {
            uint64_t value = field.longs > 0 ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            boot_print_number_(&field, value, *format == 'u' ? 10 : 16, *format == 'X' ? 'A' : 'a', false);
        } else if (*format == 'p') {
            boot_debug_puts("0x");
            boot_print_number_(&field, (uint64_t)(uintptr_t)va_arg(arguments, void *), 16, 'a', false);
        } else {
            boot_debug_puts(percent);
            return;
        }
    }
}

__attribute__((format(printf, 1, 2))) static inline void boot_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    boot_vprint(format, arguments);
    va_end(arguments);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
