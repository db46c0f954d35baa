#include "matrix.h"

#include <popt.h>

#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536u
#define NAME_MAX_SIZE 128u
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"
#define VALUE_DEFAULT "default"

const char *const matrix_axis_names[AXIS_COUNT] = {"firmware", "machine", "disk", "memory", "cpu", "smp", "vga"};

enum rule_kind { RULE_EXCLUDE, RULE_TIMEOUT, RULE_QEMU };

/* A line that changes the cases it matches. */
struct rule {
    enum rule_kind kind;
    unsigned line;
    char *values[AXIS_COUNT]; /* NULL: any */
    int timeout_seconds;
    struct arguments qemu;
    bool used;
};

struct parser {
    struct matrix *matrix;
    struct matrix_error *error;
    unsigned line;
    struct arguments axes[AXIS_COUNT]; /* the values of each */
    unsigned axis_lines[AXIS_COUNT];
    struct matrix_case *single; /* from "case" lines */
    size_t single_count;
    struct rule *rules;
    size_t rule_count;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct parser *parser, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(parser->error->text, sizeof parser->error->text, format, list);
    va_end(list);
    parser->error->line = parser->line;
    return false;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static int find_axis(const char *name, size_t size)
{
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        if (strlen(matrix_axis_names[axis]) == size && memcmp(matrix_axis_names[axis], name, size) == 0)
            return axis;
    return -1;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        err(1, "matrix");
    return copy;
}

static bool take_seconds(const struct parser *parser, const char *text, int *seconds)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || value < 1 || value > TIMEOUT_MAX_SECONDS)
        return refuse(parser, "'%.40s' is not a number of seconds from 1 to %d", text, TIMEOUT_MAX_SECONDS);
    *seconds = (int)value;
    return true;
}

/* "memory=64M" words up to "--", behind which QEMU's arguments begin. `seconds`: where timeout=... goes, or NULL. */
static bool take_pairs(const struct parser *parser, const char *const *words, char **values, struct arguments *qemu,
                       int *seconds)
{
    for (; *words && strcmp(*words, "--") != 0; words++) {
        const char *equals = strchr(*words, '=');
        size_t size = equals ? (size_t)(equals - *words) : 0;
        int axis = find_axis(*words, size);
        if (seconds && equals && size == strlen("timeout") && memcmp(*words, "timeout", size) == 0) {
            if (!take_seconds(parser, equals + 1, seconds))
                return false;
            continue;
        }
        if (axis < 0 || !equals || !equals[1])
            return refuse(parser, "'%.60s' is not AXIS=VALUE, such as memory=64M", *words);
        if (values[axis])
            return refuse(parser, "%s is named twice", matrix_axis_names[axis]);
        values[axis] = copy_text(equals + 1);
    }
    if (*words && !qemu)
        return refuse(parser, "arguments for QEMU stand behind '--' of a 'case' or a 'qemu' line only");
    if (*words)
        for (words++; *words; words++)
            arguments_add(qemu, *words);
    return true;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static bool take_axis(struct parser *parser, int axis, const char *const *words)
{
    struct arguments *values = &parser->axes[axis];
    if (values->count)
        return refuse(parser, "%s is given twice", matrix_axis_names[axis]);
    if (!*words)
        return refuse(parser, "%s has no values", matrix_axis_names[axis]);
    for (; *words; words++) {
        for (size_t i = 0; i < values->count; i++)
            if (strcmp(values->items[i], *words) == 0)
                return refuse(parser, "'%.60s' is there twice", *words);
        arguments_add(values, *words);
    }
    parser->axis_lines[axis] = parser->line;
    return true;
}

static void *grow(void *array, size_t *count, size_t size)
{
    void *bigger = reallocarray(array, *count + 1, size);
    if (!bigger)
        err(1, "matrix");
    memset((char *)bigger + *count * size, 0, size);
    ++*count;
    return bigger;
}

static bool take_case(struct parser *parser, const char *const *words)
{
    if (!*words || !**words || strspn(*words, NAME_LETTERS) != strlen(*words) || **words == '.' || **words == '-' ||
        strlen(*words) >= NAME_MAX_SIZE)
        return refuse(parser, "a case has a name of letters, digits, '_', '+', '-' and '.'");
    parser->single = grow(parser->single, &parser->single_count, sizeof *parser->single);
    struct matrix_case *added = &parser->single[parser->single_count - 1];
    added->name = copy_text(*words);
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        added->lines[axis] = parser->line;
    return take_pairs(parser, words + 1, added->values, &added->qemu, &added->timeout_seconds);
}

static bool take_rule(struct parser *parser, enum rule_kind kind, const char *const *words)
{
    parser->rules = grow(parser->rules, &parser->rule_count, sizeof *parser->rules);
    struct rule *rule = &parser->rules[parser->rule_count - 1];
    rule->kind = kind;
    rule->line = parser->line;
    if (kind == RULE_TIMEOUT) {
        if (!*words)
            return refuse(parser, "timeout needs a number of seconds");
        if (!take_seconds(parser, *words++, &rule->timeout_seconds))
            return false;
    }
    if (!take_pairs(parser, words, rule->values, kind == RULE_QEMU ? &rule->qemu : NULL, NULL))
        return false;
    if (kind == RULE_EXCLUDE && !*words)
        return refuse(parser, "exclude needs AXIS=VALUE, or nothing would be left");
    if (kind == RULE_QEMU && !rule->qemu.count)
        return refuse(parser, "the arguments for QEMU are missing; they stand behind '--'");
    return true;
}

static bool take_words(struct parser *parser, const char *const *words)
{
    static const char *const rules[] = {[RULE_EXCLUDE] = "exclude", [RULE_TIMEOUT] = "timeout", [RULE_QEMU] = "qemu"};
    int axis = find_axis(words[0], strlen(words[0]));
    if (axis >= 0)
        return take_axis(parser, axis, words + 1);
    if (strcmp(words[0], "case") == 0)
        return take_case(parser, words + 1);
    for (size_t kind = 0; kind < sizeof rules / sizeof *rules; kind++)
        if (strcmp(words[0], rules[kind]) == 0)
            return take_rule(parser, (enum rule_kind)kind, words + 1);
    return refuse(parser,
                  "'%.40s' is not firmware, machine, disk, memory, cpu, smp, vga, exclude, case, timeout or qemu",
                  words[0]);
}

/* popt takes the end of the line for the missing one. */
static bool quotes_closed(const char *line)
{
    char quote = '\0';
    for (; *line; line++) {
        if (*line == '\\' && line[1])
            line++;
        else if (quote ? *line == quote : *line == '"' || *line == '\'')
            quote = quote ? '\0' : *line;
    }
    return !quote;
}

static bool take_line(struct parser *parser, const char *start, size_t size)
{
    while (size && (start[0] == ' ' || start[0] == '\t')) {
        start++;
        size--;
    }
    if (size && start[size - 1] == '\r')
        size--;
    if (!size || start[0] == '#')
        return true;
    if (memchr(start, '\0', size))
        return refuse(parser, "has a NUL byte");
    char *line = strndup(start, size);
    const char **words;
    int count;
    if (!line)
        err(1, "matrix");
    bool closed = quotes_closed(line);
    int code = poptParseArgvString(line, &count, &words);
    free(line);
    if (code == 0 && !closed) {
        free(words);
        return refuse(parser, "a quote is not closed");
    }
    if (code == POPT_ERROR_NOARG)
        return true;
    if (code != 0)
        return refuse(parser, "%s", poptStrerror(code));
    bool taken = count == 0 || take_words(parser, words);
    free(words);
    return taken;
}

static bool take_text(struct parser *parser, const char *text, size_t size)
{
    if (size > TEXT_MAX)
        return refuse(parser, "is longer than %u bytes", TEXT_MAX);
    while (size) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;
        parser->line++;
        if (!take_line(parser, text, length))
            return false;
        length += end != NULL;
        text += length;
        size -= length;
    }
    parser->line = 0;
    return true;
}

/* --- cases ------------------------------------------------------------------------------------------------------- */

static bool rule_matches(const struct rule *rule, char *const *values)
{
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        if (rule->values[axis] && strcmp(rule->values[axis], values[axis] ? values[axis] : VALUE_DEFAULT) != 0)
            return false;
    return true;
}

static bool excluded(struct parser *parser, char *const *values)
{
    bool found = false;
    for (size_t i = 0; i < parser->rule_count; i++) {
        if (parser->rules[i].kind == RULE_EXCLUDE && rule_matches(&parser->rules[i], values))
            found = parser->rules[i].used = true;
    }
    return found;
}

/* "bios-nvme-4G": the values of all axes, in what is allowed in a file's name. */
static void name_case(char *name, char *const *values)
{
    size_t size = 0;
    for (int axis = 0; axis < AXIS_COUNT; axis++) {
        if (!values[axis])
            continue;
        if (size && size + 1 < NAME_MAX_SIZE)
            name[size++] = '-';
        for (const char *letter = values[axis]; *letter && size + 1 < NAME_MAX_SIZE; letter++)
            name[size++] = *letter;
    }
    name[size] = '\0';
    for (char *letter = name; *letter; letter++)
        if (!strchr(NAME_LETTERS, *letter) || (letter == name && (*letter == '.' || *letter == '-')))
            *letter = '_';
}

static struct matrix_case *add_case(struct parser *parser)
{
    struct matrix *matrix = parser->matrix;
    if (matrix->count == MATRIX_CASES_MAX) {
        refuse(parser, "has more than %u cases", MATRIX_CASES_MAX);
        return NULL;
    }
    matrix->cases = grow(matrix->cases, &matrix->count, sizeof *matrix->cases);
    return &matrix->cases[matrix->count - 1];
}

/* All combinations of the axes, the first axis changing last. */
static bool combine(struct parser *parser)
{
    uint64_t total = 1;
    bool any = false;
    for (int axis = 0; axis < AXIS_COUNT; axis++) {
        any = any || parser->axes[axis].count;
        if (parser->axes[axis].count)
            total *= parser->axes[axis].count;
        if (total > MATRIX_CASES_MAX * 100u)
            return refuse(parser, "combines to more than %u cases", MATRIX_CASES_MAX);
    }
    for (uint64_t number = 0; any && number < total; number++) {
        char *values[AXIS_COUNT] = {0}, name[NAME_MAX_SIZE];
        uint64_t rest = number;
        for (int axis = AXIS_COUNT; axis-- > 0;) {
            const struct arguments *all = &parser->axes[axis];
            if (!all->count)
                continue;
            values[axis] = all->items[rest % all->count];
            rest /= all->count;
        }
        if (excluded(parser, values))
            continue;
        struct matrix_case *added = add_case(parser);
        if (!added)
            return false;
        name_case(name, values);
        added->name = copy_text(name);
        for (int axis = 0; axis < AXIS_COUNT; axis++)
            if (values[axis])
                added->values[axis] = copy_text(values[axis]);
        memcpy(added->lines, parser->axis_lines, sizeof added->lines);
    }
    return true;
}

static bool add_single(struct parser *parser)
{
    for (size_t i = 0; i < parser->single_count; i++) {
        struct matrix_case *added = add_case(parser);
        if (!added)
            return false;
        *added = parser->single[i];
        parser->single[i] = (struct matrix_case){0};
    }
    return true;
}

static void apply_rule(struct rule *rule, struct matrix_case *to)
{
    if (rule->kind == RULE_EXCLUDE || !rule_matches(rule, to->values))
        return;
    rule->used = true;
    /* A case's own timeout= is set already, and stays: only what a line above it says gives way to a line below. */
    if (rule->kind == RULE_TIMEOUT)
        to->timeout_seconds = rule->timeout_seconds;
    for (size_t i = 0; i < rule->qemu.count; i++)
        arguments_add(&to->qemu, rule->qemu.items[i]);
}

static bool apply_rules(struct parser *parser)
{
    struct matrix *matrix = parser->matrix;
    for (size_t i = 0; i < matrix->count; i++) {
        int own_seconds = matrix->cases[i].timeout_seconds;
        for (size_t rule = 0; rule < parser->rule_count; rule++)
            apply_rule(&parser->rules[rule], &matrix->cases[i]);
        if (own_seconds)
            matrix->cases[i].timeout_seconds = own_seconds;
    }
    for (size_t rule = 0; rule < parser->rule_count; rule++) {
        parser->line = parser->rules[rule].line;
        if (!parser->rules[rule].used)
            return refuse(parser, "this line matches no case");
    }
    parser->line = 0;
    return true;
}

/* "default" has done its work as a name and in matches: for imgtool run it is the absence of the option. */
static bool finish(struct parser *parser)
{
    const struct matrix *matrix = parser->matrix;
    if (matrix->count == 0)
        return refuse(parser, "has no case");
    for (size_t i = 0; i < matrix->count; i++) {
        for (size_t other = 0; other < i; other++)
            if (strcmp(matrix->cases[i].name, matrix->cases[other].name) == 0)
                return refuse(parser, "two cases are called %.100s", matrix->cases[i].name);
        for (int axis = 0; axis < AXIS_COUNT; axis++) {
            char **value = &matrix->cases[i].values[axis];
            if (!*value || strcmp(*value, VALUE_DEFAULT) != 0)
                continue;
            free(*value);
            *value = NULL;
        }
    }
    return true;
}

static void free_case(struct matrix_case *freed)
{
    free(freed->name);
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        free(freed->values[axis]);
    arguments_free(&freed->qemu);
}

static void free_parser(struct parser *parser)
{
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        arguments_free(&parser->axes[axis]);
    for (size_t i = 0; i < parser->single_count; i++)
        free_case(&parser->single[i]);
    for (size_t i = 0; i < parser->rule_count; i++) {
        for (int axis = 0; axis < AXIS_COUNT; axis++)
            free(parser->rules[i].values[axis]);
        arguments_free(&parser->rules[i].qemu);
    }
    free(parser->single);
    free(parser->rules);
}

bool matrix_parse(const char *text, size_t size, struct matrix *matrix, struct matrix_error *error)
{
    *matrix = (struct matrix){0};
    struct parser parser = {.matrix = matrix, .error = error};
    bool parsed = take_text(&parser, text, size) && combine(&parser) && add_single(&parser) && apply_rules(&parser) &&
                  finish(&parser);
    free_parser(&parser);
    return parsed;
}

void matrix_free(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->count; i++)
        free_case(&matrix->cases[i]);
    free(matrix->cases);
    *matrix = (struct matrix){0};
}
