#include "option_list.h"

#include <string.h>

/* NOLINTNEXTLINE(misc-no-recursion): tables in tables, as deep as we write them */
static size_t add_table(const struct poptOption *table, struct option_view *options, size_t count)
{
    for (; table->longName || table->shortName || table->arg; table++) {
        unsigned kind = table->argInfo & POPT_ARG_MASK;
        if (table->argInfo & POPT_ARGFLAG_DOC_HIDDEN)
            continue;
        if (kind == POPT_ARG_INCLUDE_TABLE) {
            count = add_table(table->arg, options, count);
            continue;
        }
        if (!table->longName || count >= OPTION_LIST_MAX - 1)
            continue;
        options[count++] = (struct option_view){.name = table->longName,
                                                .letter = table->shortName,
                                                .argument = kind == POPT_ARG_NONE ? NULL : table->argDescrip,
                                                .text = table->descrip};
    }
    return count;
}

size_t option_list(const struct command *command, struct option_view options[OPTION_LIST_MAX])
{
    size_t count = add_table(command->options, options, 0);
    options[count++] = (struct option_view){.name = "help", .letter = 'h', .text = COMMAND_HELP_TEXT};
    return count;
}

enum operand_kind operand_kind(const char *argument)
{
    static const char *const files[] = {"FILE", "PATH", "SRC", "IMAGE", "KERNEL", "DEVICE"};
    size_t words = strspn(argument, "abcdefghijklmnopqrstuvwxyz0123456789-|");
    if (strchr(argument, '|') && argument[words] == '\0')
        return OPERAND_WORDS;
    if (strncmp(argument, "DIR", 3) == 0)
        return OPERAND_DIRECTORY;
    if (strcmp(argument, "[COMMAND]") == 0)
        return OPERAND_COMMAND;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strncmp(argument, files[i], strlen(files[i])) == 0)
            return OPERAND_FILE;
    return OPERAND_OTHER;
}
