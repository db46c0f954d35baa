#include "completion_shells.h"
#include "option_list.h"

#include <stdio.h>

static void print_commands(void)
{
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            printf("%s ", imgtool_commands[i]->name);
    fputs("help", stdout);
}

static void print_words(const char *words)
{
    for (; *words; words++)
        putchar(*words == '|' ? ' ' : *words);
}

/* What can stand where `argument` does: a shell command that sets variables. */
static void print_operand(const char *argument)
{
    switch (operand_kind(argument)) {
    case OPERAND_WORDS:
        fputs("words='", stdout);
        print_words(argument);
        fputs("'", stdout);
        break;
    case OPERAND_COMMAND:
        fputs("words=$commands", stdout);
        break;
    case OPERAND_FILE:
        fputs("files=-f", stdout);
        break;
    case OPERAND_DIRECTORY:
        fputs("files=-d", stdout);
        break;
    case OPERAND_OTHER:
        fputs(":", stdout);
        break;
    }
}

static void print_values(const struct command *command)
{
    struct option_view list[OPTION_LIST_MAX];
    size_t count = option_list(command, list);
    for (size_t i = 0; i < count; i++) {
        if (!list[i].argument)
            continue;
        printf("    %s:--%s", command->name, list[i].name);
        if (list[i].letter)
            printf(" | %s:-%c", command->name, list[i].letter);
        fputs(") ", stdout);
        print_operand(list[i].argument);
        fputs(" ;;\n", stdout);
    }
}

static void print_options(const struct command *command)
{
    struct option_view list[OPTION_LIST_MAX];
    size_t count = option_list(command, list);
    printf("        %s)\n            options='", command->name);
    for (size_t i = 0; i < count; i++)
        printf("%s--%s", i ? " " : "", list[i].name);
    fputs("'\n            ", stdout);
    print_operand(command->arguments);
    fputs("\n            ;;\n", stdout);
}

void completion_bash(void)
{
    fputs("# bash completion of imgtool, printed by 'imgtool completion bash'\n_imgtool()\n{\n    local commands='",
          stdout);
    print_commands();
    fputs("'\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
          "    local words='' options='' files=''\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$word\")\n"
          "        return\n"
          "    fi\n"
          "    # '--option=value' comes as three words.\n"
          "    if [[ $word == '=' ]]; then\n"
          "        word=''\n"
          "    elif [[ $before == '=' ]]; then\n"
          "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    case $command:$before in\n",
          stdout);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            print_values(imgtool_commands[i]);
    fputs("    *)\n        case $command in\n        help) words=$commands ;;\n", stdout);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            print_options(imgtool_commands[i]);
    fputs("        esac\n"
          "        if [[ $word == -* ]]; then\n"
          "            words=$options files=''\n"
          "        fi\n"
          "        ;;\n"
          "    esac\n"
          "    if [[ $files ]]; then\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        mapfile -t COMPREPLY < <(compgen \"$files\" -- \"$word\")\n"
          "    elif [[ $words ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "    fi\n"
          "}\n"
          "complete -F _imgtool imgtool\n",
          stdout);
}
