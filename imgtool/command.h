/* imgtool's commands: one file per command, one table of them in main.c. The option tables are the one source of
 * --help, the man pages and the shell completions. */
#ifndef STAGECOACH_IMGTOOL_COMMAND_H
#define STAGECOACH_IMGTOOL_COMMAND_H

#include <popt.h>

#include <stdbool.h>

/* Exit codes of every command; documented in docs/imgtool.md. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT_REJECTED = 3, /* the loader would refuse this input */
    EXIT_IO = 4,             /* I/O error or no space */
    EXIT_VERIFY_FAILED = 5,
    EXIT_UNSAFE = 6,         /* refused for safety */
    EXIT_HELPER_MISSING = 7, /* a program that the command needs is not installed */
    EXIT_GUEST_FAILED = 10,  /* run, test: the kernel reported failure, or an exit code nobody knows */
    EXIT_GUEST_RESET = 11,   /* run, test: reset or triple fault */
    EXIT_GUEST_TIMEOUT = 12,
};

#define TIMEOUT_MAX_SECONDS 86400          /* of run, of test and of a matrix: a day */
#define COMMAND_HELP_TEXT "show this help" /* of --help, which every command has */

struct command {
    const char *name;                 /* "build-image" */
    const char *arguments;            /* "KERNEL" */
    const char *summary;              /* one line */
    const char *examples;             /* lines of "imgtool ..."; shown first by --help */
    bool hidden;                      /* for the build, not for users */
    const struct poptOption *options; /* ends with POPT_TABLEEND; results in static variables of the command's file */
    /* Options are parsed already; arguments come from poptGetArgs(context). Returns an enum exit_code. */
    int (*run)(poptContext context);
};

extern const struct command command_build_image, command_build_iso, command_build_direct, command_build_netboot,
    command_run, command_test, command_ls, command_cat, command_verify, command_inspect, command_diff, command_explain,
    command_update, command_write, command_devices, command_convert, command_doctor, command_completion, command_man;

/* The table of commands, in main.c; ends with NULL. */
extern const struct command *const imgtool_commands[];

#endif
