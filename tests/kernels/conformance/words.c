#include "words.h"

#include "bytes.h"

#include <stddef.h>

#define HASH_KEY " fnv="

static bool begins(const char *text, const char *with)
{
    while (*with != '\0' && *text == *with) {
        text++;
        with++;
    }
    return *with == '\0';
}

/* The text behind `key` where a word begins with it; NULL if none does. */
static const char *find(const char *line, const char *key)
{
    bool word_begins = true;
    for (; *line != '\0'; line++) {
        if (word_begins && begins(line, key))
            return line + text_size(key);
        word_begins = *line == ' ';
    }
    return NULL;
}

bool words_have(const char *line, const char *word)
{
    const char *end = find(line, word);
    return end != NULL && (*end == ' ' || *end == '\0');
}

uint64_t words_number(const char *line, const char *key, uint64_t otherwise)
{
    const char *digits = find(line, key);
    if (digits == NULL)
        return otherwise;
    uint64_t value = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        value = value * 10 + (uint64_t)(*digits - '0');
    return value;
}

static uint64_t hexadecimal(const char *digits)
{
    uint64_t value = 0;
    for (; *digits != '\0'; digits++) {
        unsigned digit = *digits <= '9' ? (unsigned)(*digits - '0') : (unsigned)(*digits - 'a') + 10;
        value = value << 4 | (digit & 15);
    }
    return value;
}

bool words_sound(const char *line)
{
    for (uint64_t i = 0; line[i] != '\0'; i++) {
        if (begins(line + i, HASH_KEY) && text_size(line + i) == sizeof(HASH_KEY) - 1 + 16)
            return hexadecimal(line + i + sizeof(HASH_KEY) - 1) == fnv1a(FNV_OFFSET, line, i);
    }
    return true;
}
