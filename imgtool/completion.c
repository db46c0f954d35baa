/* imgtool completion: scripts by which shells complete imgtool's command lines, made from the tables of --help. */
#include "cli.h"
#include "completion_shells.h"
#include "operands.h"

#include <string.h>

static const struct poptOption options[] = {POPT_TABLEEND};

static int run(poptContext context)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
    const char *operands[1];
    enum exit_code code = operands_take(context, "imgtool completion bash|zsh|fish", 1, 1, operands);
    if (code != EXIT_OK)
        return code;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, operands[0]) == 0) {
            shells[i].print();
            return EXIT_OK;
        }
    }
    return failure(EXIT_USAGE, "'%s': the shells are bash, zsh and fish", operands[0]);
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "print a script that completes imgtool's command lines",
    .examples = "source <(imgtool completion bash)\n"
                "imgtool completion zsh > ~/.zfunc/_imgtool\n"
                "imgtool completion fish > ~/.config/fish/completions/imgtool.fish",
    .options = options,
    .run = run,
};
