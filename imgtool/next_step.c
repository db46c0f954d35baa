#include "next_step.h"

#include "process.h"

#include <stdio.h>
#include <stdlib.h>

void next_step_print(const char *const *words)
{
    struct arguments arguments = {0};
    arguments_add(&arguments, "imgtool");
    arguments_add(&arguments, "run");
    for (; *words != NULL; words++)
        arguments_add(&arguments, *words);
    char *text = arguments_text(&arguments);
    printf("next: %s\n", text);
    free(text);
    arguments_free(&arguments);
}
