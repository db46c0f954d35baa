#include "roff.h"

#include <utf.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CODE_INDENT "    "
#define CELLS_MAX 8

/* --- lines ------------------------------------------------------------------------------------------------------- */

static void put_letter(FILE *to, uint32_t letter)
{
    if (letter == '\\')
        fputs("\\e", to);
    else if (letter == '-')
        fputs("\\-", to);
    else if (letter == '\'')
        fputs("\\(aq", to);
    else if (letter == '`')
        fputs("\\(ga", to);
    else if (letter == '^')
        fputs("\\(ha", to);
    else if (letter == '~')
        fputs("\\(ti", to);
    else if (letter < 0x80)
        fputc((int)letter, to);
    else
        fprintf(to, "\\[u%04X]", letter);
}

void roff_plain(FILE *to, const char *text, size_t size)
{
    const char *end = text + size;
    if (size && text[0] == '.')
        fputs("\\&", to);
    while (text < end) {
        uint32_t letter = '?';
        if (!utf8_take(&text, end, &letter))
            text++;
        put_letter(to, letter);
    }
}

static const char *find(const char *text, const char *end, const char *what)
{
    return memmem(text, (size_t)(end - text), what, strlen(what));
}

/* NOLINTBEGIN(misc-no-recursion): as deep as marks are nested */

/* What stands between two marks, in bold. NULL: the second is missing. */
static const char *put_strong(FILE *to, const char *text, const char *end, const char *mark)
{
    const char *start = text + strlen(mark), *close = find(start, end, mark);
    if (!close)
        return NULL;
    fputs("\\fB", to);
    if (mark[0] == '`')
        roff_plain(to, start, (size_t)(close - start));
    else
        roff_marked(to, start, (size_t)(close - start));
    fputs("\\fR", to);
    return close + strlen(mark);
}

/* [text](where): the text alone. */
static const char *put_link(FILE *to, const char *text, const char *end)
{
    const char *middle = find(text, end, "]("), *close = middle ? find(middle, end, ")") : NULL;
    if (!close)
        return NULL;
    roff_marked(to, text + 1, (size_t)(middle - text - 1));
    return close + 1;
}

void roff_marked(FILE *to, const char *text, size_t size)
{
    const char *end = text + size;
    if (size && text[0] == '.')
        fputs("\\&", to);
    while (text < end) {
        const char *next = NULL;
        if (text[0] == '`')
            next = put_strong(to, text, end, "`");
        else if (text[0] == '*' && end - text > 1 && text[1] == '*')
            next = put_strong(to, text, end, "**");
        else if (text[0] == '[')
            next = put_link(to, text, end);
        else if (text[0] == '\\' && end - text > 1 && text[1] == '|')
            text++;
        if (next) {
            text = next;
            continue;
        }
        uint32_t letter = '?';
        if (!utf8_take(&text, end, &letter))
            text++;
        put_letter(to, letter);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* --- blocks ------------------------------------------------------------------------------------------------------ */

struct line {
    const char *text;
    size_t size;
};

static struct line take_line(const char **text, const char *end)
{
    const char *stop = memchr(*text, '\n', (size_t)(end - *text));
    struct line line = {*text, (size_t)((stop ? stop : end) - *text)};
    *text = stop ? stop + 1 : end;
    return line;
}

static struct line peek_line(const char *text, const char *end)
{
    return text < end ? take_line(&text, end) : (struct line){end, 0};
}

static bool starts(struct line line, const char *with)
{
    return line.size >= strlen(with) && memcmp(line.text, with, strlen(with)) == 0;
}

static void put_code(FILE *to, const char **text, const char *end)
{
    fputs(".RS 4\n.nf\n", to);
    size_t blank = 0;
    for (struct line line; *text < end; take_line(text, end)) {
        line = peek_line(*text, end);
        if (line.size == 0) {
            blank++;
            continue;
        }
        if (!starts(line, CODE_INDENT))
            break;
        for (; blank; blank--)
            fputs("\\&\n", to);
        roff_plain(to, line.text + strlen(CODE_INDENT), line.size - strlen(CODE_INDENT));
        fputc('\n', to);
    }
    fputs(".fi\n.RE\n", to);
}

/* The cells of "| a | b |"; "\|" divides nothing, nor does what is in `code`. */
static size_t split_cells(struct line line, struct line *cells)
{
    size_t count = 0, start = 1;
    bool code = false;
    for (size_t i = 1; i < line.size && count < CELLS_MAX; i++) {
        if (line.text[i] == '`')
            code = !code;
        if (line.text[i] != '|' || code || line.text[i - 1] == '\\')
            continue;
        struct line cell = {line.text + start, i - start};
        while (cell.size && cell.text[0] == ' ') {
            cell.text++;
            cell.size--;
        }
        while (cell.size && cell.text[cell.size - 1] == ' ')
            cell.size--;
        cells[count++] = cell;
        start = i + 1;
    }
    return count;
}

/* One row is one item: the first cell its head, the last its text, those between named by their column. */
static void put_row(FILE *to, const struct line *names, const struct line *cells, size_t count)
{
    fputs(".TP\n", to);
    roff_marked(to, cells[0].text, cells[0].size);
    fputc('\n', to);
    if (count > 1)
        roff_marked(to, cells[count - 1].text, cells[count - 1].size);
    fputc('\n', to);
    for (size_t i = 1; i + 1 < count; i++) {
        fputs(".br\n", to);
        roff_marked(to, names[i].text, names[i].size);
        fputs(": ", to);
        roff_marked(to, cells[i].text, cells[i].size);
        fputc('\n', to);
    }
}

static void put_table(FILE *to, const char **text, const char *end)
{
    struct line names[CELLS_MAX] = {0}, cells[CELLS_MAX] = {0};
    split_cells(take_line(text, end), names);
    if (starts(peek_line(*text, end), "|-"))
        take_line(text, end);
    while (*text < end && starts(peek_line(*text, end), "|")) {
        size_t count = split_cells(take_line(text, end), cells);
        if (count)
            put_row(to, names, cells, count);
    }
}

static bool begins_block(struct line line)
{
    return line.size == 0 || starts(line, CODE_INDENT) || starts(line, "|") || starts(line, "- ") || starts(line, "#");
}

/* Lines up to the end of a paragraph; the first is without the mark of a list. */
static void put_paragraph(FILE *to, struct line line, const char **text, const char *end)
{
    roff_marked(to, line.text, line.size);
    fputc('\n', to);
    while (*text < end && !begins_block(peek_line(*text, end))) {
        line = take_line(text, end);
        while (line.size && line.text[0] == ' ') {
            line.text++;
            line.size--;
        }
        roff_marked(to, line.text, line.size);
        fputc('\n', to);
    }
}

void roff_blocks(FILE *to, const char *text, size_t size)
{
    const char *end = text + size;
    bool begun = false; /* a paragraph needs a mark only behind something else */
    while (text < end) {
        struct line line = peek_line(text, end);
        if (line.size == 0) {
            take_line(&text, end);
            continue;
        }
        bool first = !begun;
        begun = !starts(line, "### ");
        if (!first && begun && !starts(line, "|") && !starts(line, "- "))
            fputs(".PP\n", to);
        if (starts(line, CODE_INDENT)) {
            put_code(to, &text, end);
            continue;
        }
        if (starts(line, "|")) {
            put_table(to, &text, end);
            continue;
        }
        take_line(&text, end);
        if (starts(line, "### ")) {
            fputs(".SS ", to);
            roff_marked(to, line.text + 4, line.size - 4);
            fputc('\n', to);
        } else if (starts(line, "- ")) {
            fputs(".IP \\(bu 2\n", to);
            put_paragraph(to, (struct line){line.text + 2, line.size - 2}, &text, end);
        } else {
            put_paragraph(to, line, &text, end);
        }
    }
}
