#include "qemu_lists.h"

#include <stdlib.h>
#include <string.h>

/* A line's name: its first word; of a device, what stands in quotes behind "name"; of a CPU, the word behind "x86",
 * which older versions have. */
static size_t find_name(enum qemu_list list, const char *line, size_t size, const char **name)
{
    const char *end = line + size;
    if (list == QEMU_DEVICES) {
        if (size < 6 || memcmp(line, "name \"", 6) != 0)
            return 0;
        *name = line + 6;
        const char *quote = memchr(*name, '"', (size_t)(end - *name));
        return quote != NULL ? (size_t)(quote - *name) : 0;
    }
    if (list == QEMU_CPUS && size > 4 && memcmp(line, "x86 ", 4) == 0)
        line += 4;
    while (line < end && *line == ' ')
        line++;
    *name = line;
    while (line < end && ' ' < *line)
        line++;
    return (size_t)(line - *name);
}

/* "Available CPUs:", and what follows them: flags. */
static bool is_heading(const char *line, size_t size)
{
    return size > 0 && line[size - 1] == ':';
}

char **qemu_list_parse(enum qemu_list list, const char *text, size_t *count)
{
    char **names = NULL;
    bool ended = false;
    *count = 0;
    for (const char *line = text; *line != '\0' && !ended;) {
        const char *name;
        size_t size = strcspn(line, "\n"), length = find_name(list, line, size, &name);
        bool heading = is_heading(line, size);
        ended = list == QEMU_CPUS && *count > 0 && (size == 0 || heading);
        if (!ended && !heading && length > 0) {
            char **more = reallocarray(names, *count + 1, sizeof *names), *copy = strndup(name, length);
            if (more == NULL || copy == NULL)
                abort();
            names = more;
            names[(*count)++] = copy;
        }
        line += size + (line[size] == '\n');
    }
    return names;
}
