/* The text by which a guest says that all went well, for kernels that do not know the exit port. */
#ifndef STAGECOACH_IMGTOOL_PATTERN_H
#define STAGECOACH_IMGTOOL_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

struct pattern {
    const char *text;
    bool is_regex;
    regex_t regex;
    size_t
        *fallback; /* of text: how much of it is still matched when what follows its first n + 1 bytes does not fit */
};

#define PATTERN_LINE_MAX 4096 /* regular expressions see no more of a line; text is found anywhere in it */

/* One stream of output that is searched. Start with {0}. */
struct pattern_search {
    char line[PATTERN_LINE_MAX + 1]; /* for a regular expression: the one that is coming in */
    size_t size;                     /* of it; of text: bytes of it that have just come */
    bool found;
};

/* "all tests passed" is that text; "/^passed: [0-9]+$/" an extended regular expression (POSIX). False after an error
 * message. `text` must outlive the pattern. */
bool pattern_open(struct pattern *pattern, const char *text);
void pattern_close(struct pattern *pattern);

/* Takes output of the guest. Text is found as soon as it is there, a regular expression when its line is complete. */
void pattern_feed(const struct pattern *pattern, struct pattern_search *search, const char *bytes, size_t size);

#endif
