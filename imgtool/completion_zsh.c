#include "completion_shells.h"
#include "option_list.h"

#include <stdio.h>
#include <string.h>

/* Inside '...', in a description where `special` letters have a meaning. */
static void print_text(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        else if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

static void print_operand(const char *argument)
{
    switch (operand_kind(argument)) {
    case OPERAND_WORDS:
        putchar('(');
        for (; *argument; argument++)
            putchar(*argument == '|' ? ' ' : *argument);
        putchar(')');
        break;
    case OPERAND_COMMAND:
        fputs("_imgtool_commands", stdout);
        break;
    case OPERAND_FILE:
        fputs("_files", stdout);
        break;
    case OPERAND_DIRECTORY:
        fputs("_files -/", stdout);
        break;
    case OPERAND_OTHER:
        putchar(' ');
        break;
    }
}

static void print_option(const struct option_view *option)
{
    fputs("            ", stdout);
    if (option->letter)
        printf("{-%c,--%s%s}'", option->letter, option->name, option->argument ? "=" : "");
    else
        printf("'--%s%s", option->name, option->argument ? "=" : "");
    putchar('[');
    print_text(option->text, "[]:\\");
    putchar(']');
    if (option->argument) {
        fputs(":value:", stdout);
        print_operand(option->argument);
    }
    fputs("' \\\n", stdout);
}

static void print_command(const struct command *command)
{
    struct option_view list[OPTION_LIST_MAX];
    size_t count = option_list(command, list);
    printf("    %s)\n        _arguments -s \\\n", command->name);
    for (size_t i = 0; i < count; i++)
        print_option(&list[i]);
    fputs("            '*:argument:", stdout);
    print_operand(command->arguments);
    fputs("'\n        ;;\n", stdout);
}

void completion_zsh(void)
{
    fputs("#compdef imgtool\n# zsh completion of imgtool, printed by 'imgtool completion zsh'\n"
          "_imgtool_commands() {\n    local -a commands=(\n",
          stdout);
    for (size_t i = 0; imgtool_commands[i]; i++) {
        if (imgtool_commands[i]->hidden)
            continue;
        printf("        '%s:", imgtool_commands[i]->name);
        print_text(imgtool_commands[i]->summary, ":\\");
        fputs("'\n", stdout);
    }
    fputs("        'help:show a command'\\''s options'\n    )\n    _describe command commands\n}\n"
          "_imgtool() {\n"
          "    local state line\n"
          "    _arguments -C '1: :_imgtool_commands' '*:: :->rest'\n"
          "    [[ $state == rest ]] || return\n"
          "    case $words[1] in\n"
          "    help)\n        _arguments '1: :_imgtool_commands'\n        ;;\n",
          stdout);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            print_command(imgtool_commands[i]);
    fputs("    esac\n}\n"
          "if [[ $funcstack[1] == _imgtool ]]; then\n    _imgtool \"$@\"\nelse\n    compdef _imgtool imgtool\nfi\n",
          stdout);
}
