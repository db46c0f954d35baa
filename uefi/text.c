#include "text.h"

/* Length of a UTF-8 sequence by its first byte; 0: not a first byte. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    if (first >= 0xf0 && first < 0xf5)
        return 4;
    return 0;
}

bool text_next(const char *text, size_t size, size_t *position, CHAR16 *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint32_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *bytes = (const unsigned char *)text + *position;
    const size_t length = sequence_length(bytes[0]);
    if (length == 0 || length > size - *position) {
        (*position)++;
        return false;
    }
    uint32_t code = bytes[0] & first_mask[length];
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            (*position)++;
            return false;
        }
        code = code << 6 | (bytes[i] & 0x3f);
    }
    *position += length;
    if (code < smallest[length] || code > 0xffff || (code >= 0xd800 && code <= 0xdfff))
        return false;
    *character = (CHAR16)code;
    return true;
}
