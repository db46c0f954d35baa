#include "operands.h"

#include <stdio.h>
#include <string.h>

enum exit_code operands_take(poptContext context, const char *usage, size_t least, size_t most, const char **operands)
{
    const char **words = poptGetArgs(context);
    size_t count = 0;
    while (words != NULL && words[count] != NULL)
        count++;
    if (count < least)
        return failure(EXIT_USAGE, "an argument is missing; usage: %s", usage);
    if (count > most)
        return failure(EXIT_USAGE, "'%s' is one argument too many; usage: %s", words[most], usage);
    for (size_t i = 0; i < most; i++)
        operands[i] = i < count ? words[i] : NULL;
    return EXIT_OK;
}

char *operand_path(const char *path)
{
    char *full;
    if (asprintf(&full, "%s%s", path[0] == '/' ? "" : "/", path) < 0)
        return NULL;
    size_t length = strlen(full);
    if (length > 1 && full[length - 1] == '/')
        full[length - 1] = '\0';
    return full;
}
