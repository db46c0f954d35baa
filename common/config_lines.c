#include "config_lines.h"

#include "format.h"
#include "utf.h"

#include <stdarg.h>

#undef config_refuse

static bool is_continuation(uint8_t byte) /* of a UTF-8 character */
{
    return (byte & 0xc0) == 0x80;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

uint32_t config_column(const struct config_lines *lines, const char *at)
{
    uint32_t column = 1;
    for (const uint8_t *byte = lines->text.data + lines->start; byte < (const uint8_t *)at; byte++)
        if (!is_continuation(*byte))
            column++;
    return column;
}

enum status config_refuse(const struct config_lines *lines, const char *at, enum status status, struct error *error,
                          const char *format, ...)
{
    char sentence[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    format_list(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return error_set(error, status, "%s:%u:%u: %s", lines->name, lines->line, config_column(lines, at), sentence);
}

/* A carriage return is part of a line's end only. */
static bool is_line_end(struct span text, uint64_t offset)
{
    const char *c = (const char *)text.data + offset;
    if (*c == '\n')
        return true;
    return *c == '\r' && (offset + 1 == text.size || c[1] == '\n');
}

/* Takes the character at `*at`. */
static enum status check_character(const struct config_lines *lines, const char **at, struct error *error)
{
    const char *start = *at;
    const uint8_t byte = (uint8_t)*start;
    uint32_t character;
    if (!utf8_take(at, (const char *)lines->text.data + lines->text.size, &character))
        return config_refuse(lines, start, STATUS_CONFIG_ENCODING, error,
                             "byte %#x is not UTF-8; save the file as UTF-8 text", byte);
    if (character == 0)
        return config_refuse(lines, start, STATUS_CONFIG_ENCODING, error,
                             "NUL byte; save the file as plain UTF-8 text");
    bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
    if (control && character != '\t' && !is_line_end(lines->text, (uint64_t)(start - (const char *)lines->text.data)))
        return config_refuse(lines, start, STATUS_CONFIG_SYNTAX, error, "control character %#x; remove it", character);
    return STATUS_OK;
}

static enum status check_characters(struct config_lines lines, struct error *error)
{
    const char *first = (const char *)lines.text.data, *end = first + lines.text.size;
    lines.line = 1;
    for (const char *at = first; at < end;) {
        enum status status = check_character(&lines, &at, error);
        if (status != STATUS_OK)
            return status;
        if (at[-1] == '\n') {
            lines.line++;
            lines.start = (uint64_t)(at - first);
        }
    }
    return STATUS_OK;
}

enum status config_lines_start(struct config_lines *lines, const char *name, struct span text, struct error *error)
{
    *lines = (struct config_lines){.name = name, .text = text};
    if (text.size > CONFIG_SIZE_MAX)
        return error_set(error, STATUS_CONFIG_TOO_BIG, "%s has %llu bytes, but at most %u can be read", name,
                         (unsigned long long)text.size, CONFIG_SIZE_MAX);
    uint16_t mark;
    if (span_u16(text, 0, &mark) && (mark == 0xfeff || mark == 0xfffe))
        return error_set(error, STATUS_CONFIG_ENCODING, "%s:1:1: this is UTF-16; save the file as UTF-8 text", name);
    if (span_u16(text, 0, &mark) && mark == 0xbbef && text.size >= 3 && text.data[2] == 0xbf)
        span_part(text, 3, text.size - 3, &lines->text);
    return lines->text.size > 0 ? check_characters(*lines, error) : STATUS_OK;
}

void config_lines_start_options(struct config_lines *lines, struct span text)
{
    *lines = (struct config_lines){.name = "load options", .text = text, .line = 1, .one_line = true};
}

static struct config_text trim(struct config_text text)
{
    while (text.size > 0 && is_blank(text.text[0])) {
        text.text++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.text[text.size - 1]))
        text.size--;
    return text;
}

/* The next line without its end. */
static bool next_line(struct config_lines *lines, struct config_text *line)
{
    if (lines->next >= lines->text.size)
        return false;
    const uint64_t start = lines->next;
    if (!lines->one_line) {
        lines->line++;
        lines->start = start;
    }
    uint64_t end = start;
    while (end < lines->text.size && !is_line_end(lines->text, end))
        end++;
    *line = (struct config_text){(const char *)lines->text.data + start, (uint32_t)(end - start)};
    if (end < lines->text.size && lines->text.data[end] == '\r')
        end++;
    lines->next = end + 1;
    return true;
}

struct config_text config_take_word(struct config_text *rest)
{
    struct config_text word = {rest->text, 0};
    while (word.size < rest->size && !is_blank(word.text[word.size]))
        word.size++;
    *rest = trim((struct config_text){rest->text + word.size, rest->size - word.size});
    return word;
}

bool config_lines_next(struct config_lines *lines, struct config_text *key, struct config_text *value)
{
    struct config_text line;
    while (next_line(lines, &line)) {
        *value = trim(line);
        if (value->size == 0 || value->text[0] == '#')
            continue;
        *key = config_take_word(value);
        return true;
    }
    return false;
}
