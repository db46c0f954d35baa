#include "next_step.h"

#include "process.h"

#include <stdio.h>
#include <stdlib.h>

void next_step_print(const char *before, const char *path, const char *behind)
{
    struct arguments arguments = {0};
    arguments_add(&arguments, "imgtool");
    arguments_add(&arguments, "run");
    if (before != NULL)
        arguments_add(&arguments, before);
    arguments_addf(&arguments, "%s%s", *path == '-' ? "./" : "", path); /* behind "--", run takes QEMU's arguments */
    if (behind != NULL)
        arguments_add(&arguments, behind);
    char *text = arguments_text(&arguments);
    printf("next: %s\n", text);
    free(text);
    arguments_free(&arguments);
}
