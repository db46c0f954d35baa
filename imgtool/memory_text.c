#include "memory_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINES_MAX 65536u /* what never ends, such as /dev/zero, has more */

static const char *const type_names[] = {
    [BOOT_MEMORY_USABLE] = "usable",
    [BOOT_MEMORY_LOADER_RECLAIMABLE] = "loader-reclaimable",
    [BOOT_MEMORY_KERNEL] = "kernel",
    [BOOT_MEMORY_RAMDISK] = "ramdisk",
    [BOOT_MEMORY_MODULE] = "module",
    [BOOT_MEMORY_FRAMEBUFFER] = "framebuffer",
    [BOOT_MEMORY_ACPI_RECLAIMABLE] = "acpi-reclaimable",
    [BOOT_MEMORY_ACPI_NVS] = "acpi-nvs",
    [BOOT_MEMORY_EFI_RUNTIME_CODE] = "efi-runtime-code",
    [BOOT_MEMORY_EFI_RUNTIME_DATA] = "efi-runtime-data",
    [BOOT_MEMORY_RESERVED] = "reserved",
    [BOOT_MEMORY_MMIO] = "mmio",
    [BOOT_MEMORY_PERSISTENT] = "persistent",
    [BOOT_MEMORY_BAD] = "bad",
};
#define TYPE_COUNT (sizeof type_names / sizeof type_names[0])

static const struct {
    const char *start;
    uint32_t type;
} linux_names[] = {
    {"System RAM", BOOT_MEMORY_USABLE},
    {"ACPI data", BOOT_MEMORY_ACPI_RECLAIMABLE},
    {"ACPI Tables", BOOT_MEMORY_ACPI_RECLAIMABLE},
    {"ACPI NVS", BOOT_MEMORY_ACPI_NVS},
    {"ACPI Non-volatile", BOOT_MEMORY_ACPI_NVS},
    {"Unusable", BOOT_MEMORY_BAD},
    {"Persistent", BOOT_MEMORY_PERSISTENT},
};

const char *memory_type_name(uint32_t type)
{
    return type < TYPE_COUNT ? type_names[type] : "reserved";
}

/* Whatever else a firmware calls its memory, it is not to be used. */
static uint32_t type_of(const char *name)
{
    for (uint32_t i = 0; i < TYPE_COUNT; i++)
        if (strcasecmp(name, type_names[i]) == 0)
            return i;
    for (size_t i = 0; i < sizeof linux_names / sizeof linux_names[0]; i++)
        if (strncasecmp(name, linux_names[i].start, strlen(linux_names[i].start)) == 0)
            return linux_names[i].type;
    return BOOT_MEMORY_RESERVED;
}

/* A number in hexadecimal at *text, and what must follow it; moves on. */
static bool take_number(const char **text, uint64_t *number, const char *follows)
{
    char *end;
    errno = 0;
    *number = strtoull(*text, &end, 16);
    if (end == *text || **text == '-' || **text == '+' || errno != 0 || strncmp(end, follows, strlen(follows)) != 0)
        return false;
    *text = end + strlen(follows);
    return true;
}

bool memory_text_line(const char *line, struct boot_memory_region *region)
{
    const char *form = strstr(line, "[mem "), *text = form != NULL ? form + strlen("[mem ") : line;
    uint64_t start, end;
    bool included = true;
    char name[64] = "";
    if (form != NULL) {
        if (!take_number(&text, &start, "-") || !take_number(&text, &end, "] "))
            return false;
    } else if (take_number(&text, &start, "-")) {
        if (!take_number(&text, &end, " : "))
            return false;
    } else {
        included = false;
        if (!take_number(&text, &start, " ") || !take_number(&text, &end, " "))
            return false;
    }
    if (sscanf(text, " %63[^\n]", name) != 1 || end < start || (!included && end == start))
        return false;
    *region = (struct boot_memory_region){start, end - start + (included ? 1 : 0), type_of(name), UINT32_MAX};
    return true;
}

enum exit_code memory_text_read(const char *path, struct boot_memory_region *regions, size_t capacity, size_t *count)
{
    char line[256];
    unsigned number = 0;
    enum exit_code code = EXIT_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return failure(EXIT_IO, "--memory %s: neither a size such as 512M nor a file: %s", path, strerror(errno));
    *count = 0;
    while (code == EXIT_OK && fgets(line, sizeof line, file) != NULL) {
        if (++number > LINES_MAX)
            code = failure(EXIT_INPUT_REJECTED, "%s: has more than %u lines: no memory map", path, LINES_MAX);
        if (code != EXIT_OK || line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0' ||
            (line[0] == ' ' && strstr(line, " : ") != NULL))
            continue;
        if (*count == capacity)
            code = failure(EXIT_INPUT_REJECTED, "%s: more than %zu regions", path, capacity);
        else if (memory_text_line(line, &regions[*count]))
            (*count)++;
        else
            code = failure(EXIT_INPUT_REJECTED, "%s:%u: not 'START END TYPE' in hexadecimal, nor a line of Linux's map",
                           path, number);
    }
    if (code == EXIT_OK && ferror(file))
        code = failure(EXIT_IO, "%s: can't be read: %s", path, strerror(errno));
    if (code == EXIT_OK && *count == 0)
        code = failure(EXIT_INPUT_REJECTED, "%s: has no region", path);
    fclose(file);
    return code;
}
