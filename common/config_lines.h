/* Inside the configuration parser: from bytes to lines of a key and a value, and messages that name their place. */
#ifndef STAGECOACH_CONFIG_LINES_H
#define STAGECOACH_CONFIG_LINES_H

#include "config.h"

struct config_lines {
    const char *name; /* of the text, in messages */
    struct span text; /* without a byte order mark */
    bool one_line;    /* so it was written: its lines' places are counted from the start of the text */
    uint64_t next;    /* offset of the next line */
    uint32_t line;    /* number of the current line, from 1 */
    uint64_t start;   /* offset of the current line */
};

/* Checks that the whole text is UTF-8 without control characters and starts before its first line. */
enum status config_lines_start(struct config_lines *lines, const char *name, struct span text, struct error *error);

/* The same for what load_options.h has made: text of that kind, which was one line. */
void config_lines_start_options(struct config_lines *lines, struct span text);

/* The next line that is neither blank nor a comment; false at the end. Blanks around key and value are not part of
 * them. */
bool config_lines_next(struct config_lines *lines, struct config_text *key, struct config_text *value);

/* Takes the first word off `rest`; empty if there is none left. */
struct config_text config_take_word(struct config_text *rest);

/* The column, in characters from 1, of a place in the current line. */
uint32_t config_column(const struct config_lines *lines, const char *at);

/* "NAME:LINE:COLUMN: ..." for a place in the current line. */
__attribute__((format(printf, 5, 6))) enum status config_refuse(const struct config_lines *lines, const char *at,
                                                                enum status status, struct error *error,
                                                                const char *format, ...);
#ifdef __clang_analyzer__ /* as in error.h */
#define config_refuse(lines, at, status, ...) (config_refuse(lines, at, status, __VA_ARGS__), (status))
#endif

#endif
