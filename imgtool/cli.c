#include "cli.h"

#include "nearest.h"
#include "option_list.h"
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 96
#define OPTION_HELP 0x7f000001 /* beyond any letter, and no command gives it a meaning */

static void message(const char *colour, const char *kind, const char *format, va_list list)
{
    const char *no_color = getenv("NO_COLOR");
    bool coloured = isatty(STDERR_FILENO) && !(no_color && *no_color);
    fflush(stdout);
    progress_hide();
    fprintf(stderr, "imgtool: %s%s%s", coloured ? colour : "", kind, coloured ? "\033[0m" : "");
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

#define MESSAGE_FUNCTION(name, colour, kind)                                                                           \
    void name(const char *format, ...)                                                                                 \
    {                                                                                                                  \
        va_list list;                                                                                                  \
        va_start(list, format);                                                                                        \
        message(colour, kind, format, list);                                                                           \
        va_end(list);                                                                                                  \
    }
MESSAGE_FUNCTION(cli_error, "\033[1;31m", "error: ")
MESSAGE_FUNCTION(cli_warn, "\033[1;35m", "warning: ")
MESSAGE_FUNCTION(cli_note, "", "")
#undef MESSAGE_FUNCTION

void cli_print_overview(FILE *to, const struct command *const *commands)
{
    fputs("imgtool makes an ELF kernel into an image that boots under BIOS and UEFI, and boots it in QEMU.\n\n"
          "Usage: imgtool COMMAND [OPTION...] [ARGUMENT...]\n\nExamples:\n",
          to);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            fprintf(to, "  %.*s\n", (int)strcspn(commands[i]->examples, "\n"), commands[i]->examples);
    fputs("\nCommands:\n", to);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            fprintf(to, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n'imgtool help COMMAND' shows a command's options; 'imgtool --version' the version.\n", to);
}

const struct command *cli_find_command(const struct command *const *commands, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (; commands[count] && count < NAMES_MAX; count++) {
        if (strcmp(commands[count]->name, name) == 0)
            return commands[count];
        names[count] = commands[count]->hidden ? "" : commands[count]->name;
    }
    const char *nearest = nearest_word(name, names, count);
    if (nearest)
        cli_error("'%s' is not a command; did you mean '%s'?", name, nearest);
    else
        cli_error("'%s' is not a command; 'imgtool --help' lists them", name);
    return NULL;
}

/* A parser for the command's options and --help. The tables are popt's own, not const. */
struct parser {
    char name[64];
    struct poptOption table[3];
    poptContext context;
};

static void parser_open(struct parser *parser, const struct command *command, int argc, const char **argv)
{
    struct option_view views[OPTION_LIST_MAX];
    snprintf(parser->name, sizeof parser->name, "imgtool %s", command->name);
    argv[0] = parser->name;
    struct poptOption *next = parser->table;
    if (option_list(command, views) > 1) /* besides --help */
        *next++ = (struct poptOption){NULL,       0,   POPT_ARG_INCLUDE_TABLE, (void *)(uintptr_t)command->options, 0,
                                      "Options:", NULL};
    *next++ = (struct poptOption){"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, COMMAND_HELP_TEXT, NULL};
    *next = (struct poptOption)POPT_TABLEEND;
    parser->context = poptGetContext(parser->name, argc, argv, parser->table, 0);
    if (!parser->context) {
        cli_error("no memory");
        exit(EXIT_FAILED);
    }
    char usage[128];
    snprintf(usage, sizeof usage, "[OPTION...]%s%s", *command->arguments ? " " : "", command->arguments);
    poptSetOtherOptionHelp(parser->context, usage);
}

static void print_help(const struct parser *parser, const struct command *command)
{
    printf("imgtool %s: %s\n\nExamples:\n", command->name, command->summary);
    for (const char *line = command->examples; *line;) {
        size_t size = strcspn(line, "\n");
        printf("  %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
    putchar('\n');
    poptPrintHelp(parser->context, stdout, 0);
}

void cli_print_help(const struct command *command)
{
    const char *argv[] = {command->name, NULL};
    struct parser parser;
    parser_open(&parser, command, 1, argv);
    print_help(&parser, command);
    poptFreeContext(parser.context);
}

static void report_bad_option(const struct parser *parser, const struct command *command, int code)
{
    const char *option = poptBadOption(parser->context, POPT_BADOPTION_NOALIAS);
    struct option_view options[OPTION_LIST_MAX];
    const char *names[OPTION_LIST_MAX];
    size_t count = option_list(command, options);
    for (size_t i = 0; i < count; i++)
        names[i] = options[i].name;
    const char *nearest = NULL;
    if (code == POPT_ERROR_BADOPT && strncmp(option, "--", 2) == 0)
        nearest = nearest_word(option + 2, names, count);
    if (nearest)
        cli_error("%s: %s; did you mean --%s?", option, poptStrerror(code), nearest);
    else
        cli_error("%s: %s; see 'imgtool %s --help'", option, poptStrerror(code), command->name);
}

int cli_run_command(const struct command *command, int argc, const char **argv)
{
    struct parser parser;
    parser_open(&parser, command, argc, argv);
    int code, result;
    do {
        code = poptGetNextOpt(parser.context);
    } while (code >= 0 && code != OPTION_HELP);
    if (code == OPTION_HELP) {
        print_help(&parser, command);
        result = EXIT_OK;
    } else if (code < -1) {
        report_bad_option(&parser, command, code);
        result = EXIT_USAGE;
    } else {
        result = command->run(parser.context);
    }
    poptFreeContext(parser.context);
    return result;
}
