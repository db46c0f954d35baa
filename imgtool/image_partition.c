#include "image_partition.h"

#include "utf.h"

#include <stdlib.h>
#include <string.h>

/* FILE may hold colons if all three parts are there. */
static bool split(struct image_partition *partition)
{
    char *last = strrchr(partition->word, ':'), *before = NULL;
    if (last == NULL)
        return false;
    *last = '\0';
    before = strrchr(partition->word, ':');
    if (before != NULL)
        *before = '\0';
    partition->source = partition->word;
    partition->type_word = before != NULL ? before + 1 : last + 1;
    partition->name_text = before != NULL ? last + 1 : "";
    return *partition->source != '\0' && *partition->type_word != '\0';
}

static enum exit_code take_name(struct image_partition *partition, enum layout_table table)
{
    const char *text = partition->name_text, *end = text + strlen(text);
    uint32_t character, count = 0;
    if (*text != '\0' && table == LAYOUT_MBR)
        return failure(EXIT_USAGE, "--partition: '%s': partitions of an MBR have no names; write FILE:TYPE", text);
    while (text < end) {
        uint16_t units[2];
        if (!utf8_take(&text, end, &character) || character < ' ' || character == 0x7f)
            return failure(EXIT_USAGE, "--partition: the name is not printable UTF-8");
        uint32_t taken = utf16_put(character, units);
        if (count + taken > IMAGE_PARTITION_NAME_UNITS)
            return failure(EXIT_USAGE, "--partition: the name '%s' is longer than the %u characters of a GPT",
                           partition->name_text, IMAGE_PARTITION_NAME_UNITS);
        memcpy(partition->name + count, units, taken * sizeof *units);
        count += taken;
    }
    return EXIT_OK;
}

enum exit_code image_partition_take(const char *word, enum layout_table table, struct image_partition *partition)
{
    *partition = (struct image_partition){.word = strdup(word), .file = {.fd = -1}};
    if (partition->word == NULL)
        return failure_memory();
    if (!split(partition))
        return failure(EXIT_USAGE, "--partition %s: write FILE:TYPE:NAME, such as --partition root.ext4:linux:root",
                       word);
    enum exit_code code = partition_type_take(partition->type_word, table, &partition->type);
    return code == EXIT_OK ? take_name(partition, table) : code;
}

enum exit_code image_partition_open(struct image_partition *partition)
{
    enum exit_code code = host_file_open(&partition->file, partition->source);
    if (code == EXIT_OK && partition->file.size == 0)
        return failure(EXIT_INPUT_REJECTED, "%s: is empty; a partition has at least one sector", partition->source);
    return code;
}

void image_partition_free(struct image_partition *partition)
{
    host_file_close(&partition->file);
    free(partition->word);
    *partition = (struct image_partition){.file = {.fd = -1}};
}
