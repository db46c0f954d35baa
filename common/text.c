#include "text.h"

#include "checked.h"

size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

bool text_number(const char *text, size_t size, uint64_t limit, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t digit = (uint8_t)(text[i] - '0');
        if (digit > 9 || !mul_ok(value, 10, &value) || !add_ok(value, digit, &value) || value > limit)
            return false;
    }
    if (size == 0)
        return false;
    *number = value;
    return true;
}

uint8_t text_hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint8_t)(digit - '0');
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? (uint8_t)(digit - 'a' + 10) : 16;
}
