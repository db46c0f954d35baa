#include "failure.h"

#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#undef failure
#undef failure_memory

enum exit_code failure(enum exit_code code, const char *format, ...)
{
    char *text;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0)
        return code;
    cli_error("%s", text);
    free(text);
    return code;
}

enum exit_code failure_memory(void)
{
    return failure(EXIT_FAILED, "out of memory");
}
