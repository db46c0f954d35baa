#include "config_edit.h"

#include "config_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of the key's line, with its end; [size, size) if there is none. False: not the text of a configuration. */
static bool find_line(const char *text, size_t size, const char *key, size_t *start, size_t *end)
{
    struct config_lines lines;
    struct config_text name, value;
    struct error ignored;
    struct span span = {(const uint8_t *)text, size};
    *start = *end = size;
    if (size == 0)
        return true;
    if (config_lines_start(&lines, CONFIG_PATH, span, &ignored) != STATUS_OK)
        return false;
    size_t mark = size - lines.text.size; /* a byte order mark */
    while (config_lines_next(&lines, &name, &value)) {
        if (name.size != strlen(key) || memcmp(name.text, key, name.size) != 0)
            continue;
        *start = mark + lines.start;
        *end = mark + lines.next < size ? mark + lines.next : size; /* the last line may lack its end */
        break;
    }
    return true;
}

enum exit_code config_edit_set(char **text, size_t *size, const char *key, const char *value)
{
    size_t start, end, new_size = 0;
    char *new_text = NULL;
    if (!find_line(*text, *size, key, &start, &end))
        return failure(EXIT_INPUT_REJECTED, "the configuration is not plain UTF-8 text; give another with --config");
    FILE *to = open_memstream(&new_text, &new_size);
    if (to == NULL)
        return failure_memory();
    if (start > 0)
        fwrite(*text, 1, start, to);
    if (start == *size && start > 0 && (*text)[start - 1] != '\n')
        fputc('\n', to);
    fprintf(to, "%s%s%s\n", key, *value != '\0' ? " " : "", value);
    if (end < *size)
        fwrite(*text + end, 1, *size - end, to);
    if (fclose(to) != 0) {
        free(new_text);
        return failure_memory();
    }
    free(*text);
    *text = new_text;
    *size = new_size;
    return EXIT_OK;
}
