/* What all commands share: messages, help, parsing of options. */
#ifndef STAGECOACH_IMGTOOL_CLI_H
#define STAGECOACH_IMGTOOL_CLI_H

#include "command.h"

#include <stddef.h>
#include <stdio.h>

/* One line on stderr, after the program's name; coloured on a terminal unless NO_COLOR is set. */
__attribute__((format(printf, 1, 2))) void cli_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void cli_warn(const char *format, ...);
__attribute__((format(printf, 1, 2))) void cli_note(const char *format, ...);

/* The overview: all commands of a table that ends with NULL. */
void cli_print_overview(FILE *to, const struct command *const *commands);

/* The command of that name, or NULL after an error that names the nearest one. */
const struct command *cli_find_command(const struct command *const *commands, const char *name);

/* Help of one command on stdout: examples first. */
void cli_print_help(const struct command *command);

/* Parses the options of argv[1..argc) and runs the command. argv[0] is the command's name. */
int cli_run_command(const struct command *command, int argc, const char **argv);

#endif
