#include "format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *text;
    size_t size;
    size_t length; /* of the whole text, written or not */
};

enum length_modifier {
    LENGTH_INT,
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_LONG,
    LENGTH_LONG_LONG,
    LENGTH_SIZE,
    LENGTH_MAX,
    LENGTH_PTRDIFF
};

struct conversion {
    bool alternate, zero, left;
    bool has_precision;
    size_t width, precision;
    enum length_modifier length;
    char letter;
};

struct arguments { /* a va_list that can be handed on by pointer on every ABI */
    va_list list;
};

static void put(struct output *output, char c)
{
    if (output->size > 0 && output->length < output->size - 1)
        output->text[output->length] = c;
    output->length++;
}

static void put_repeated(struct output *output, char c, size_t count)
{
    while (count-- > 0)
        put(output, c);
}

static void put_text(struct output *output, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
}

static void put_string(struct output *output, const struct conversion *conversion, const char *text)
{
    if (text == NULL)
        text = "(null)";
    size_t length = 0; /* the text need not end in NUL where a precision bounds it */
    while ((!conversion->has_precision || length < conversion->precision) && text[length] != '\0')
        length++;

    size_t padding = conversion->width > length ? conversion->width - length : 0;
    if (!conversion->left)
        put_repeated(output, ' ', padding);
    put_text(output, text, length);
    if (conversion->left)
        put_repeated(output, ' ', padding);
}

/* Digits of `value`, lowest first; none for 0. */
static size_t digits_of(uintmax_t value, unsigned base, bool capital, char digits[24])
{
    const char *letters = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t count = 0;
    for (; value != 0; value /= base)
        digits[count++] = letters[value % base];
    return count;
}

static void put_number(struct output *output, const struct conversion *conversion, const char *prefix, uintmax_t value,
                       unsigned base)
{
    char digits[24];
    size_t count = digits_of(value, base, conversion->letter == 'X', digits);
    size_t prefix_length = 0;
    while (prefix[prefix_length] != '\0')
        prefix_length++;

    size_t wanted = conversion->has_precision ? conversion->precision : 1;
    size_t zeros = wanted > count ? wanted - count : 0;
    size_t used = prefix_length + zeros + count;
    size_t padding = conversion->width > used ? conversion->width - used : 0;
    if (conversion->zero && !conversion->left && !conversion->has_precision) {
        zeros += padding;
        padding = 0;
    }

    if (!conversion->left)
        put_repeated(output, ' ', padding);
    put_text(output, prefix, prefix_length);
    put_repeated(output, '0', zeros);
    while (count > 0)
        put(output, digits[--count]);
    if (conversion->left)
        put_repeated(output, ' ', padding);
}

static intmax_t signed_argument(struct arguments *arguments, enum length_modifier length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (signed char)va_arg(arguments->list, int);
    case LENGTH_SHORT:
        return (short)va_arg(arguments->list, int);
    case LENGTH_INT:
        return va_arg(arguments->list, int);
    case LENGTH_LONG:
        return va_arg(arguments->list, long);
    case LENGTH_LONG_LONG:
        return va_arg(arguments->list, long long);
    case LENGTH_SIZE:
    case LENGTH_PTRDIFF:
        return va_arg(arguments->list, ptrdiff_t);
    case LENGTH_MAX:
        return va_arg(arguments->list, intmax_t);
    }
    return 0;
}

static uintmax_t unsigned_argument(struct arguments *arguments, enum length_modifier length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (unsigned char)va_arg(arguments->list, unsigned);
    case LENGTH_SHORT:
        return (unsigned short)va_arg(arguments->list, unsigned);
    case LENGTH_INT:
        return va_arg(arguments->list, unsigned);
    case LENGTH_LONG:
        return va_arg(arguments->list, unsigned long);
    case LENGTH_LONG_LONG:
        return va_arg(arguments->list, unsigned long long);
    case LENGTH_SIZE:
    case LENGTH_PTRDIFF:
        return va_arg(arguments->list, size_t);
    case LENGTH_MAX:
        return va_arg(arguments->list, uintmax_t);
    }
    return 0;
}

static void put_signed(struct output *output, const struct conversion *conversion, intmax_t value)
{
    uintmax_t magnitude = value < 0 ? 0 - (uintmax_t)value : (uintmax_t)value;
    put_number(output, conversion, value < 0 ? "-" : "", magnitude, 10);
}

static void put_hexadecimal(struct output *output, const struct conversion *conversion, uintmax_t value)
{
    const char *prefix = conversion->letter == 'X' ? "0X" : "0x";
    put_number(output, conversion, conversion->alternate && value != 0 ? prefix : "", value, 16);
}

/* False for a conversion letter that is not known. */
static bool convert(struct output *output, const struct conversion *conversion, struct arguments *arguments)
{
    char character[2] = "";
    switch (conversion->letter) {
    case 's':
        put_string(output, conversion, va_arg(arguments->list, const char *));
        return true;
    case 'c':
        character[0] = (char)va_arg(arguments->list, int);
        put_string(output, conversion, character);
        return true;
    case 'd':
    case 'i':
        put_signed(output, conversion, signed_argument(arguments, conversion->length));
        return true;
    case 'u':
        put_number(output, conversion, "", unsigned_argument(arguments, conversion->length), 10);
        return true;
    case 'x':
    case 'X':
        put_hexadecimal(output, conversion, unsigned_argument(arguments, conversion->length));
        return true;
    case 'p':
        put_number(output, conversion, "0x", (uintptr_t)va_arg(arguments->list, void *), 16);
        return true;
    case '%':
        put(output, '%');
        return true;
    default:
        return false;
    }
}

static const char *read_flags(const char *at, struct conversion *conversion)
{
    for (;; at++) {
        if (*at == '#')
            conversion->alternate = true;
        else if (*at == '0')
            conversion->zero = true;
        else if (*at == '-')
            conversion->left = true;
        else
            return at;
    }
}

static const char *read_number(const char *at, int *number, struct arguments *arguments)
{
    if (*at == '*') {
        *number = va_arg(arguments->list, int);
        return at + 1;
    }
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (*number < 100000) /* far beyond any line, far below overflow */
            *number = *number * 10 + (*at - '0');
    return at;
}

static const char *read_width_and_precision(const char *at, struct conversion *conversion, struct arguments *arguments)
{
    int number;
    at = read_number(at, &number, arguments);
    if (number < 0)
        conversion->left = true;
    conversion->width = number < 0 ? 0 - (size_t)number : (size_t)number;
    if (*at != '.')
        return at;
    at = read_number(at + 1, &number, arguments);
    conversion->has_precision = number >= 0; /* a negative one counts as none (C17, 7.21.6.1) */
    conversion->precision = number < 0 ? 0 : (size_t)number;
    return at;
}

static const char *read_length(const char *at, enum length_modifier *length)
{
    static const struct {
        char letter;
        enum length_modifier once, twice;
    } modifiers[] = {
        {'h', LENGTH_SHORT, LENGTH_CHAR}, {'l', LENGTH_LONG, LENGTH_LONG_LONG}, {'z', LENGTH_SIZE, LENGTH_INT},
        {'j', LENGTH_MAX, LENGTH_INT},    {'t', LENGTH_PTRDIFF, LENGTH_INT},
    };
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        if (*at != modifiers[i].letter)
            continue;
        bool twice = modifiers[i].twice != LENGTH_INT && at[1] == at[0];
        *length = twice ? modifiers[i].twice : modifiers[i].once;
        return at + (twice ? 2 : 1);
    }
    return at;
}

/* One conversion, `at` behind its '%'; returns what follows it. */
static const char *put_conversion(struct output *output, const char *at, struct arguments *arguments)
{
    struct conversion conversion = {.length = LENGTH_INT};
    const char *start = at;
    at = read_flags(at, &conversion);
    at = read_width_and_precision(at, &conversion, arguments);
    at = read_length(at, &conversion.length);
    conversion.letter = *at;
    if (convert(output, &conversion, arguments))
        return at + 1;
    if (*at != '\0')
        at++;
    put(output, '%');
    put_text(output, start, (size_t)(at - start));
    return at;
}

size_t format_list(char *out, size_t size, const char *format, va_list arguments)
{
    struct output output = {.text = out, .size = size};
    struct arguments copy;
    va_copy(copy.list, arguments);
    while (*format != '\0') {
        if (*format == '%')
            format = put_conversion(&output, format + 1, &copy);
        else
            put(&output, *format++);
    }
    va_end(copy.list);
    if (size > 0)
        out[output.length < size ? output.length : size - 1] = '\0';
    return output.length;
}

size_t format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_list(out, size, format, arguments);
    va_end(arguments);
    return length;
}
