/* A command's options as what reads its popt table wants them: --help's equals, man pages, completions, the search for
 * the nearest. */
#ifndef STAGECOACH_IMGTOOL_OPTION_LIST_H
#define STAGECOACH_IMGTOOL_OPTION_LIST_H

#include "command.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTION_LIST_MAX 96

struct option_view {
    const char *name;     /* "firmware"; never NULL */
    char letter;          /* 'f', or '\0' */
    const char *argument; /* "NAME", or "bios|uefi": what it can be; NULL: takes none */
    const char *text;     /* one line */
};

/* All options that --help shows, --help itself as the last. Returns how many. */
size_t option_list(const struct command *command, struct option_view options[OPTION_LIST_MAX]);

/* What can be completed where `argument` stands: "bios|uefi" are words to choose from, "FILE" is a file. */
enum operand_kind { OPERAND_OTHER, OPERAND_WORDS, OPERAND_FILE, OPERAND_DIRECTORY, OPERAND_COMMAND };
enum operand_kind operand_kind(const char *argument);

#endif
