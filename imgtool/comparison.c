#include "comparison.h"

#include "failure.h"
#include "progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536u

struct block *comparison_block(struct comparison *comparison, unsigned image)
{
    return &comparison->images[image].tables.files.image.block;
}

static void tell(struct comparison *comparison, const char *what, const char *text, const char *const field[3])
{
    comparison->count++;
    if (comparison->array == NULL) {
        printf("%s: %s\n", what, text);
        return;
    }
    struct json_object *object = json_object_append(comparison->array);
    json_text(object, "what", what);
    json_text(object, "text", text);
    if (field == NULL)
        return;
    json_text(object, "field", field[0]);
    json_text(object, "first", field[1]);
    json_text(object, "second", field[2]);
}

void comparison_differ(struct comparison *comparison, const char *what, const char *format, ...)
{
    char *text;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0)
        exit(failure_memory());
    tell(comparison, what, text, NULL);
    free(text);
}

void comparison_field(struct comparison *comparison, const char *what, const char *field, const char *first,
                      const char *second)
{
    char *text;
    if (asprintf(&text, "%s: %s and %s", field, first, second) < 0)
        exit(failure_memory());
    tell(comparison, what, text, (const char *const[]){field, first, second});
    free(text);
}

static uint64_t find_difference(struct comparison *comparison, uint64_t offset, uint64_t other_offset, uint64_t size)
{
    static uint8_t one[PIECE], other[PIECE];
    struct error error;
    for (uint64_t at = 0; at < size; at += PIECE) {
        uint64_t part = size - at < PIECE ? size - at : PIECE, i = 0;
        if (block_read(comparison_block(comparison, 0), offset + at, part, one, &error) != STATUS_OK ||
            block_read(comparison_block(comparison, 1), other_offset + at, part, other, &error) != STATUS_OK)
            return size; /* told by who watches the images */
        while (i < part && one[i] == other[i])
            i++;
        if (i < part)
            return at + i;
        progress_add(part);
    }
    return size;
}

uint64_t comparison_first(struct comparison *comparison, uint64_t offset, uint64_t other_offset, uint64_t size)
{
    progress_begin("comparing", size);
    uint64_t at = find_difference(comparison, offset, other_offset, size);
    progress_end();
    return at;
}

/* How much of a stretch the disk has: a table may say more. */
static uint64_t present(const struct block *disk, uint64_t offset, uint64_t size)
{
    uint64_t rest = offset < disk->size ? disk->size - offset : 0;
    return size < rest ? size : rest;
}

void comparison_range(struct comparison *comparison, const char *what, uint64_t offset, uint64_t other_offset,
                      uint64_t size)
{
    uint64_t one = present(comparison_block(comparison, 0), offset, size),
             other = present(comparison_block(comparison, 1), other_offset, size), both = one < other ? one : other;
    uint64_t at = comparison_first(comparison, offset, other_offset, both);
    if (at < both || one != other)
        comparison_differ(comparison, what, "differ from byte %lu of %lu on", at, size);
}
