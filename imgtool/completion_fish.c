#include "completion_shells.h"
#include "option_list.h"

#include <stdio.h>

static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void print_words(const char *argument)
{
    fputs(" -a '", stdout);
    for (; *argument; argument++)
        putchar(*argument == '|' ? ' ' : *argument);
    putchar('\'');
}

static void print_option(const char *command, const struct option_view *option)
{
    enum operand_kind kind = option->argument ? operand_kind(option->argument) : OPERAND_OTHER;
    printf("complete -c imgtool -n '__fish_seen_subcommand_from %s' -l %s", command, option->name);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (option->argument)
        fputs(kind == OPERAND_FILE || kind == OPERAND_DIRECTORY ? " -r -F" : " -x", stdout);
    if (kind == OPERAND_WORDS)
        print_words(option->argument);
    fputs(" -d ", stdout);
    print_quoted(option->text);
    putchar('\n');
}

static void print_command(const struct command *command)
{
    struct option_view list[OPTION_LIST_MAX];
    size_t count = option_list(command, list);
    printf("complete -c imgtool -n __fish_use_subcommand -a %s -d ", command->name);
    print_quoted(command->summary);
    putchar('\n');
    for (size_t i = 0; i < count; i++)
        print_option(command->name, &list[i]);
    enum operand_kind kind = operand_kind(command->arguments);
    if (kind == OPERAND_OTHER)
        return;
    printf("complete -c imgtool -n '__fish_seen_subcommand_from %s'", command->name);
    if (kind == OPERAND_WORDS)
        print_words(command->arguments);
    else
        fputs(" -F", stdout);
    putchar('\n');
}

void completion_fish(void)
{
    fputs("# fish completion of imgtool, printed by 'imgtool completion fish'\n"
          "complete -c imgtool -f\n"
          "complete -c imgtool -n __fish_use_subcommand -l help -d 'list the commands'\n"
          "complete -c imgtool -n __fish_use_subcommand -l version -d 'print the version'\n"
          "complete -c imgtool -n __fish_use_subcommand -a help -d 'show a command\\'s options'\n",
          stdout);
    fputs("complete -c imgtool -n '__fish_seen_subcommand_from help' -a '", stdout);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            printf("%s%s", i ? " " : "", imgtool_commands[i]->name);
    fputs("'\n", stdout);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            print_command(imgtool_commands[i]);
}
