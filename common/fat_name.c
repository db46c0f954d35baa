#include "fat_name.h"

#include "path.h"
#include "utf.h"

#define CASE_FLAGS_OFFSET 12u
#define CASE_LOWER_BASE 0x08u
#define CASE_LOWER_EXTENSION 0x10u

const uint8_t fat_long_unit_offsets[FAT_LONG_PART_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

uint8_t fat_name_checksum(const uint8_t short_name[FAT_SHORT_NAME_SIZE])
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < FAT_SHORT_NAME_SIZE; i++)
        sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + short_name[i]);
    return sum;
}

void fat_long_name_add(struct fat_long_name *name, const uint8_t entry[FAT_ENTRY_SIZE])
{
    uint32_t ordinal = entry[0] & ~FAT_LONG_LAST;
    if ((entry[0] & FAT_LONG_LAST) != 0) {
        name->parts = name->expected = ordinal;
        name->checksum = entry[13];
    }
    bool fits = ordinal != 0 && ordinal <= FAT_LONG_PARTS_MAX && ordinal == name->expected;
    if (!fits || entry[13] != name->checksum || entry[12] != 0) {
        name->parts = 0;
        name->expected = 0;
        return;
    }
    name->expected--;
    for (uint32_t i = 0; i < FAT_LONG_PART_UNITS; i++) {
        const uint8_t *unit = entry + fat_long_unit_offsets[i];
        name->units[name->expected * FAT_LONG_PART_UNITS + i] = (uint16_t)(unit[0] | unit[1] << 8);
    }
}

bool fat_long_name_finish(const struct fat_long_name *name, const uint8_t entry[FAT_ENTRY_SIZE], char *to)
{
    if (name->parts == 0 || name->expected != 0 || name->checksum != fat_name_checksum(entry))
        return false;
    uint32_t limit = name->parts * FAT_LONG_PART_UNITS, length = 0;
    while (length < limit && name->units[length] != 0)
        length++;
    if (length == 0 || length > FAT_NAME_MAX)
        return false;
    const uint16_t *unit = name->units, *end = name->units + length;
    uint32_t size = 0, character;
    while (unit < end) {
        if (!utf16_take(&unit, end, &character) || !path_character_ok(character))
            return false;
        size += utf8_put(character, to + size);
    }
    to[size] = '\0';
    bool dots = to[0] == '.' && (size == 1 || (size == 2 && to[1] == '.')); /* would lead a walker astray */
    return !dots;
}

static char short_letter(uint8_t byte, bool lower)
{
    if (byte < 0x20 || byte >= 0x7f || !path_character_ok(byte))
        return '?';
    return (char)(lower && byte >= 'A' && byte <= 'Z' ? byte + 0x20 : byte);
}

/* Bytes [start, end) of the entry without the spaces at their end; returns where the text goes on. */
static char *put_part(const uint8_t *entry, uint32_t start, uint32_t end, bool lower, char *to)
{
    while (end > start && entry[end - 1] == ' ')
        end--;
    for (uint32_t i = start; i < end; i++)
        *to++ = short_letter(entry[i], lower);
    return to;
}

void fat_short_name_text(const uint8_t entry[FAT_ENTRY_SIZE], bool cased, char *to)
{
    uint8_t flags = cased ? entry[CASE_FLAGS_OFFSET] : 0;
    char *end = put_part(entry, 0, 8, (flags & CASE_LOWER_BASE) != 0, to);
    *end = '.';
    char *extension = put_part(entry, 8, FAT_SHORT_NAME_SIZE, (flags & CASE_LOWER_EXTENSION) != 0, end + 1);
    if (extension == end + 1) /* nothing behind the dot */
        extension = end;
    *extension = '\0';
}
