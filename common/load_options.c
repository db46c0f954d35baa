#include "load_options.h"

#include "memory.h"
#include "utf.h"

/* --- from the firmware's bytes to one line of UTF-8 -------------------------------------------------------------- */

/* They may lie at an odd address. */
static bool take_wide(struct span options, uint64_t *at, uint32_t *character)
{
    uint16_t pair[2] = {0, 0};
    const uint16_t *unit = pair;
    span_u16(options, *at, &pair[0]);
    span_u16(options, *at + 2, &pair[1]);
    const bool ok = utf16_take(&unit, pair + 2, character);
    *at += (uint64_t)(unit - pair) * sizeof *unit;
    return ok;
}

static bool take_narrow(struct span options, uint64_t *at, uint32_t *character)
{
    const char *byte = (const char *)options.data + *at;
    const bool ok = utf8_take(&byte, (const char *)options.data + options.size, character);
    *at = (uint64_t)(byte - (const char *)options.data);
    return ok;
}

/* Up to a NUL. False if this is no text, or none with a key: junk of the length of some GUIDs has none of both. */
static bool decode(struct span options, bool wide, char *text, uint32_t *size)
{
    bool has_key = false;
    uint32_t character;
    *size = 0;
    for (uint64_t at = 0; at + wide < options.size;) {
        if (!(wide ? take_wide(options, &at, &character) : take_narrow(options, &at, &character)))
            return false;
        if (character == 0)
            break;
        if (character == '\t' || character == '\n' || character == '\r')
            character = ' ';
        if (character < ' ' || (character >= 0x7f && character < 0xa0))
            return false;
        has_key |= character == '=' && *size > 0 && text[*size - 1] >= 'a' && text[*size - 1] <= 'z';
        *size += utf8_put(character, text + *size);
    }
    return has_key;
}

/* --- from one line to a line for each word ----------------------------------------------------------------------- */

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* Before a blank, or the quote that ends a value: the one behind which the next word begins. */
static char *find_end(char *at, char *end, char quote)
{
    while (at < end && (quote == '\0' ? *at != ' ' : *at != quote || (at + 1 < end && at[1] != ' ')))
        at++;
    return at;
}

static bool is_key(const char *key, const char *end, const char *name, size_t size)
{
    return (size_t)(end - key) == size && memcmp(key, name, size) == 0;
}
#define IS_KEY(key, end, name) is_key(key, end, name, sizeof(name) - 1)

/* Paths may be written as the firmware's own; a command line is nobody's business. */
static void mend_path(const char *key, const char *key_end, char *value, const char *end)
{
    const bool module = IS_KEY(key, key_end, "module"); /* has a name and arguments behind the path */
    if (IS_KEY(key, key_end, "cmdline"))
        return;
    for (; value < end && !(module && *value == ' '); value++)
        if (*value == '\\')
            *value = '/';
}

/* Takes off a quote. */
static char take_quote(char **at, char *end)
{
    if (*at == end || !is_quote(**at))
        return '\0';
    const char quote = **at;
    *(*at)++ = ' ';
    return quote;
}

/* Makes `at`, which is no blank, the line of a key and its value; returns what is behind it. */
static char *take_word(char *at, char *end, bool first)
{
    char quote = take_quote(&at, end), *const key = at, *const whole = find_end(at, end, quote);
    while (at < whole && *at != '=')
        at++;
    char *const key_end = at;
    if (first && at == whole && key < whole)
        *key = '#'; /* the program's name, which a shell puts in front, becomes a comment */
    if (at < whole) {
        *at++ = ' ';
        if (quote == '\0')
            quote = take_quote(&at, end);
        char *const value = at;
        /* Like the rest of a line: who started us may have taken the quotes off. */
        at = quote == '\0' && IS_KEY(key, key_end, "cmdline") ? end : find_end(value, end, quote);
        mend_path(key, key_end, value, at);
    }
    if (at < end)
        *at++ = '\n';
    return at;
}

bool load_options_lines(struct span options, char *lines, uint32_t *size)
{
    if (options.size > LOAD_OPTIONS_SIZE_MAX)
        return false;
    if (!decode(options, true, lines, size) && !decode(options, false, lines, size))
        return false;
    char *const end = lines + *size;
    bool first = true;
    for (char *at = lines; at < end;) {
        if (*at == ' ') {
            at++;
            continue;
        }
        at = take_word(at, end, first);
        first = false;
    }
    return true;
}
