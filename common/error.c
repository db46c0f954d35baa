#include "error.h"

#include "format.h"
#include "memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#undef error_set

/* File names and kernels can hold any byte: one line must stay one line on every sink. */
static void blank_control_characters(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* Ends a text of `length` characters, of which only the first size - 1 are there, in "...", between UTF-8 characters.
 */
static void mark_cut(char *text, size_t size, size_t length)
{
    if (length < size)
        return;
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    for (unsigned i = 0; i < 3; i++)
        text[end++] = '.';
    text[end] = '\0';
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_list(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    blank_control_characters(error->text);
    mark_cut(error->text, sizeof error->text, length);
    error->status = status;
    return status;
}

enum status error_prefix(struct error *error, const char *prefix, ...)
{
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, prefix);
    format_list(text, sizeof text, prefix, arguments);
    va_end(arguments);
    blank_control_characters(text);

    char whole[sizeof error->text];
    size_t length = format(whole, sizeof whole, "%s: %s", text, error->text);
    mark_cut(whole, sizeof whole, length);
    memcpy(error->text, whole, sizeof whole);
    return error->status;
}
