#include "pattern.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

bool pattern_open(struct pattern *pattern, const char *text)
{
    size_t size = strlen(text);
    *pattern = (struct pattern){.text = text, .is_regex = size > 2 && text[0] == '/' && text[size - 1] == '/'};
    if (size == 0)
        cli_error("an empty success pattern would match anything");
    if (!pattern->is_regex)
        return size != 0;
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
}

static bool line_matches(const struct pattern *pattern, const char *line)
{
    if (pattern->is_regex)
        return regexec(&pattern->regex, line, 0, NULL, 0) == 0;
    return strstr(line, pattern->text) != NULL;
}

static void look(const struct pattern *pattern, struct pattern_search *search)
{
    search->line[search->size] = '\0';
    search->found = search->found || line_matches(pattern, search->line);
}

void pattern_feed(const struct pattern *pattern, struct pattern_search *search, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && !search->found; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r') {
            if (search->size)
                look(pattern, search);
            search->size = 0;
        } else if (bytes[i] && search->size + 1 < sizeof search->line) {
            search->line[search->size++] = bytes[i];
        }
    }
    if (!pattern->is_regex && search->size)
        look(pattern, search); /* a prompt has no line end */
}
