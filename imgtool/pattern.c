#include "pattern.h"

#include "cli.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

/* Knuth, Morris, Pratt: how much of the text is matched after one more byte, when `matched` bytes were before. */
static size_t advance(const struct pattern *pattern, size_t matched, char byte)
{
    while (matched && pattern->text[matched] != byte)
        matched = pattern->fallback[matched - 1];
    return matched + (pattern->text[matched] == byte);
}

static bool prepare_text(struct pattern *pattern, size_t size)
{
    if (size == 0) {
        cli_error("an empty success pattern would match anything");
        return false;
    }
    pattern->fallback = calloc(size, sizeof *pattern->fallback);
    for (size_t i = 1; pattern->fallback && i < size; i++)
        pattern->fallback[i] = advance(pattern, pattern->fallback[i - 1], pattern->text[i]);
    return pattern->fallback || failure_memory() == EXIT_OK;
}

bool pattern_open(struct pattern *pattern, const char *text)
{
    size_t size = strlen(text);
    *pattern = (struct pattern){.text = text, .is_regex = size > 2 && text[0] == '/' && text[size - 1] == '/'};
    if (!pattern->is_regex)
        return prepare_text(pattern, size);
    char *inner = strndup(text + 1, size - 2), message[256];
    int code = inner ? regcomp(&pattern->regex, inner, REG_EXTENDED | REG_NOSUB) : REG_ESPACE;
    free(inner);
    if (code == 0)
        return true;
    regerror(code, &pattern->regex, message, sizeof message);
    cli_error("%s is not a regular expression: %s", text, message);
    pattern->is_regex = false;
    return false;
}

void pattern_close(struct pattern *pattern)
{
    if (pattern->is_regex)
        regfree(&pattern->regex);
    pattern->is_regex = false;
    free(pattern->fallback);
    pattern->fallback = NULL;
}

static bool ends_line(char byte)
{
    return byte == '\n' || byte == '\r';
}

static void feed_text(const struct pattern *pattern, struct pattern_search *search, char byte)
{
    search->size = ends_line(byte) ? 0 : advance(pattern, search->size, byte);
    search->found = !pattern->text[search->size];
}

static void feed_regex(const struct pattern *pattern, struct pattern_search *search, char byte)
{
    if (!ends_line(byte)) {
        if (search->size < PATTERN_LINE_MAX)
            search->line[search->size++] = byte;
        return;
    }
    search->line[search->size] = '\0';
    search->found = search->size && regexec(&pattern->regex, search->line, 0, NULL, 0) == 0;
    search->size = 0;
}

void pattern_feed(const struct pattern *pattern, struct pattern_search *search, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && !search->found; i++) {
        if (!bytes[i])
            continue;
        if (pattern->is_regex)
            feed_regex(pattern, search, bytes[i]);
        else
            feed_text(pattern, search, bytes[i]);
    }
}
