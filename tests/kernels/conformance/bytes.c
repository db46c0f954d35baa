#include "bytes.h"

uint64_t fnv1a(uint64_t hash, const void *bytes, uint64_t size)
{
    const uint8_t *byte = bytes;
    for (uint64_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3ull;
    return hash;
}

bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

uint64_t text_size(const char *text)
{
    uint64_t size = 0;
    while (*(const volatile char *)&text[size] != '\0') /* volatile: not to become a call of strlen */
        size++;
    return size;
}

int64_t text_length(const char *text, uint64_t limit)
{
    for (uint64_t i = 0; i < limit; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte == 0)
            return (int64_t)i;
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
            return -1;
    }
    return -1;
}
