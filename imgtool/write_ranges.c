#include "write_ranges.h"

#include "fat_table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SMALL_HOLE 65536u /* not worth a gap in the writing */

enum exit_code write_ranges_add(struct write_ranges *ranges, uint64_t start, uint64_t end)
{
    if (start >= end)
        return EXIT_OK;
    if (ranges->count > 0 && ranges->list[ranges->count - 1].end >= start) {
        struct write_range *last = &ranges->list[ranges->count - 1];
        last->end = last->end > end ? last->end : end;
        return EXIT_OK;
    }
    struct write_range *list = reallocarray(ranges->list, ranges->count + 1, sizeof *list);
    if (list == NULL)
        return failure_memory();
    ranges->list = list;
    list[ranges->count++] = (struct write_range){start, end};
    return EXIT_OK;
}

uint64_t write_ranges_bytes(const struct write_ranges *ranges)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ranges->count; i++)
        sum += ranges->list[i].end - ranges->list[i].start;
    return sum;
}

void write_ranges_free(struct write_ranges *ranges)
{
    free(ranges->list);
    *ranges = (struct write_ranges){0};
}

struct search {
    struct boot_files *files;
    struct fat_table *table;
    struct write_ranges *ranges;
    uint64_t written; /* up to here all is decided */
};

/* The hole [start, end) holds these free clusters: leaves them out. */
static enum exit_code skip(struct search *search, uint64_t start, uint64_t end)
{
    if (end - start < SMALL_HOLE)
        return EXIT_OK;
    enum exit_code code = write_ranges_add(search->ranges, search->written, start);
    search->written = end;
    return code;
}

static enum exit_code look_at_hole(struct search *search, uint64_t start, uint64_t end)
{
    const struct fat *fat = &search->files->fat;
    uint64_t data = fat->start + fat->data_offset, size = fat->cluster_size, run = UINT64_MAX;
    uint64_t first = start > data ? (start - data + size - 1) / size : 0;
    enum exit_code code = EXIT_OK;
    uint64_t at = data + first * size;
    for (uint64_t i = first; i < fat->cluster_count && at + size <= end && code == EXIT_OK; i++, at += size) {
        uint32_t value = 1;
        struct error ignored;
        bool is_free = fat_table_value(search->table, (uint32_t)i + 2, &value, &ignored) == STATUS_OK && value == 0;
        if (is_free && run == UINT64_MAX)
            run = at;
        if (!is_free && run != UINT64_MAX) {
            code = skip(search, run, at);
            run = UINT64_MAX;
        }
    }
    return code == EXIT_OK && run != UINT64_MAX ? skip(search, run, at) : code;
}

static enum exit_code look_at_holes(struct search *search)
{
    int fd = search->files->image.fd;
    off_t size = (off_t)search->files->image.block.size, at = 0;
    enum exit_code code = EXIT_OK;
    while (at < size && code == EXIT_OK) {
        off_t hole = lseek(fd, at, SEEK_HOLE);
        if (hole < 0 || hole >= size)
            break;
        off_t data = lseek(fd, hole, SEEK_DATA);
        if (data < 0 && errno != ENXIO)
            break;
        data = data < 0 ? size : data;
        code = look_at_hole(search, (uint64_t)hole, (uint64_t)data);
        at = data;
    }
    return code;
}

enum exit_code write_ranges_make(struct boot_files *files, bool mounted, struct write_ranges *ranges)
{
    struct search search = {.files = files, .ranges = ranges};
    enum exit_code code = EXIT_OK;
    if (mounted) {
        search.table = malloc(sizeof *search.table);
        if (search.table == NULL)
            return failure_memory();
        fat_table_init(search.table, &files->fat);
        code = look_at_holes(&search);
        free(search.table);
    }
    return code == EXIT_OK ? write_ranges_add(ranges, search.written, files->image.block.size) : code;
}
