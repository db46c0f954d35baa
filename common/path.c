#include "path.h"

#include "fat.h"
#include "utf.h"

bool path_character_ok(uint32_t character)
{
    static const char forbidden[] = "\"*/:<>?\\|";
    for (uint32_t i = 0; i < sizeof forbidden - 1; i++)
        if (character == (uint32_t)forbidden[i])
            return false;
    return character >= 0x20 && character != 0x7f;
}

/* One part of a path; *part is left at the '/' behind it, or at the end. */
static enum status check_part(const char **part, const char *end, struct error *error)
{
    const char *start = *part;
    uint32_t units = 0, character = 0;
    while (*part < end && **part != '/') {
        uint16_t unused[2];
        if (!utf8_take(part, end, &character))
            return error_set(error, STATUS_PATH_BAD, "the path is not UTF-8");
        if (!path_character_ok(character))
            return error_set(error, STATUS_PATH_BAD, "a FAT name can't contain the character U+%04X", character);
        units += utf16_put(character, unused);
    }
    if (*part == start)
        return error_set(error, STATUS_PATH_BAD,
                         "the path has an empty part; write single slashes, and none at the end");
    if (character == '.' || character == ' ')
        return error_set(error, STATUS_PATH_BAD, "a name can't end in a dot or a space");
    if (units > FAT_NAME_MAX)
        return error_set(error, STATUS_PATH_BAD, "a name has %u characters; FAT allows %d", units, FAT_NAME_MAX);
    return STATUS_OK;
}

enum status path_check(const char *path, uint64_t size, struct error *error)
{
    const char *end = path + size;
    if (size == 0 || path[0] != '/')
        return error_set(error, STATUS_PATH_BAD, "the path does not begin with '/'");
    if (size == 1)
        return STATUS_OK;
    for (const char *part = path; part < end;) {
        part++;
        enum status status = check_part(&part, end, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Upper case for the scripts with a simple rule: Latin (ASCII and Latin-1), Greek, Cyrillic. */
static uint32_t upper(uint32_t character)
{
    bool plain =
        (character >= 'a' && character <= 'z') || (character >= 0xe0 && character <= 0xfe && character != 0xf7);
    bool greek = character >= 0x3b1 && character <= 0x3c9 && character != 0x3c2;
    bool cyrillic = character >= 0x430 && character <= 0x44f;
    if (plain || greek || cyrillic)
        return character - 0x20;
    return character >= 0x450 && character <= 0x45f ? character - 0x50 : character;
}

bool path_names_equal(const char *one, uint64_t one_size, const char *other, uint64_t other_size)
{
    const char *one_end = one + one_size, *other_end = other + other_size;
    while (one < one_end && other < other_end) {
        uint32_t a, b;
        if (!utf8_take(&one, one_end, &a) || !utf8_take(&other, other_end, &b) || upper(a) != upper(b))
            return false;
    }
    return one == one_end && other == other_end;
}
