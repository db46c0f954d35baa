#include "utf.h"

static bool is_surrogate(uint32_t character)
{
    return character >= 0xd800 && character <= 0xdfff;
}

bool utf8_take(const char **text, const char *end, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t *byte = (const uint8_t *)*text;
    uint32_t value = byte[0];
    uint32_t more = value < 0x80 ? 0 : value < 0xc0 ? 4 : value < 0xe0 ? 1 : value < 0xf0 ? 2 : value < 0xf8 ? 3 : 4;
    if (more > 3 || (uint64_t)(end - *text) <= more)
        return false;
    if (more > 0)
        value &= 0x3fu >> more;
    for (uint32_t i = 1; i <= more; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | (byte[i] & 0x3fu);
    }
    if (value < smallest[more] || value > 0x10ffff || is_surrogate(value))
        return false;
    *text += more + 1;
    *character = value;
    return true;
}

uint32_t utf8_put(uint32_t character, char *to)
{
    uint32_t more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(uint8_t)(lead[more] | character >> (6 * more));
    for (uint32_t i = 1; i <= more; i++)
        to[i] = (char)(uint8_t)(0x80 | (character >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

bool utf16_take(const uint16_t **units, const uint16_t *end, uint32_t *character)
{
    uint32_t first = **units;
    if (!is_surrogate(first)) {
        *units += 1;
        *character = first;
        return true;
    }
    if (first >= 0xdc00 || end - *units < 2)
        return false;
    uint32_t second = (*units)[1];
    if (second < 0xdc00 || second > 0xdfff)
        return false;
    *units += 2;
    *character = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    return true;
}

uint32_t utf16_put(uint32_t character, uint16_t *to)
{
    if (character < 0x10000) {
        to[0] = (uint16_t)character;
        return 1;
    }
    to[0] = (uint16_t)(0xd800 + ((character - 0x10000) >> 10));
    to[1] = (uint16_t)(0xdc00 + ((character - 0x10000) & 0x3ff));
    return 2;
}
