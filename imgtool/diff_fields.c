#include "diff_fields.h"

#include "partition_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define VALUE_SIZE 160u

static void put_text(const uint8_t *bytes, size_t size, char *to)
{
    while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\0'))
        size--;
    *to++ = '\'';
    for (size_t i = 0; i < size; i++)
        *to++ = isprint(bytes[i]) ? (char)bytes[i] : '?';
    *to++ = '\'';
    *to = '\0';
}

static void put_wide(const uint8_t *bytes, size_t size, char *to)
{
    struct partition partition = {0};
    char name[PARTITION_NAME_SIZE];
    memcpy(partition.name, bytes, size < sizeof partition.name ? size : sizeof partition.name);
    snprintf(to, VALUE_SIZE, "'%s'", partition_name_text(&partition, name));
}

static const char *value_text(const struct diff_field *field, const uint8_t *bytes, char to[VALUE_SIZE])
{
    uint64_t number = 0;
    bytes += field->offset;
    memcpy(&number, bytes, field->size < sizeof number ? field->size : sizeof number);
    if (field->kind == DIFF_NUMBER)
        snprintf(to, VALUE_SIZE, "%" PRIu64, number);
    else if (field->kind == DIFF_HEX)
        snprintf(to, VALUE_SIZE, "0x%0*" PRIx64, field->size * 2, number);
    else if (field->kind == DIFF_GUID)
        partition_guid_text(bytes, to);
    else if (field->kind == DIFF_TEXT)
        put_text(bytes, field->size, to);
    else if (field->kind == DIFF_WIDE)
        put_wide(bytes, field->size, to);
    else
        for (size_t i = 0; i < field->size && 2 * i + 2 < VALUE_SIZE; i++)
            snprintf(to + 2 * i, 3, "%02x", bytes[i]);
    return to;
}

static bool has_field(const struct diff_field *fields, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].offset <= at && at < (size_t)fields[i].offset + fields[i].size)
            return true;
    return false;
}

void diff_fields(struct comparison *comparison, const char *what, const struct diff_field *fields, size_t count,
                 const uint8_t *first, const uint8_t *second, size_t size)
{
    char values[2][VALUE_SIZE];
    for (size_t i = 0; i < count; i++) {
        const struct diff_field *field = &fields[i];
        if (memcmp(first + field->offset, second + field->offset, field->size) != 0)
            comparison_field(comparison, what, field->name, value_text(field, first, values[0]),
                             value_text(field, second, values[1]));
    }
    for (size_t at = 0; at < size; at++) {
        if (first[at] == second[at] || has_field(fields, count, at))
            continue;
        comparison_differ(comparison, what, "other bytes differ from byte %zu of %zu on", at, size);
        return;
    }
}
