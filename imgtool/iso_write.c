#include "iso_write.h"

#include "fat_entry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_SECONDS 5869583999 /* 2155-12-31 23:59:59: a record counts years in one byte */
#define EFI_SECTORS_MAX 65535u

struct area {
    const struct iso_volume *volume;
    struct tm time;
    uint8_t *bytes;
    uint32_t tables[ISO_FORMS];  /* block of the first path table */
    uint32_t *places[ISO_FORMS]; /* block of each node that is a directory */
};

static uint8_t *block_at(const struct area *area, uint32_t block)
{
    return area->bytes + (block - ISO_PRIMARY_BLOCK) * (size_t)ISO_BLOCK_SIZE;
}

/* --- numbers and texts -------------------------------------------------------------------------------------------- */

static void put16_big(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void put32_big(uint8_t *to, uint32_t value)
{
    put16_big(to, value >> 16);
    put16_big(to + 2, value);
}

/* Most numbers stand there twice: little endian, then big endian. */
static void put16_both(uint8_t *to, uint32_t value)
{
    fat_put16(to, value);
    put16_big(to + 2, value);
}

static void put32_both(uint8_t *to, uint32_t value)
{
    fat_put32(to, value);
    put32_big(to + 4, value);
}

/* Filled up with spaces; Joliet's characters have two bytes. */
static void put_text(enum iso_form form, uint8_t *to, size_t size, const char *text)
{
    size_t step = form == ISO_JOLIET ? 2 : 1, length = strlen(text);
    for (size_t i = 0; i < size / step; i++)
        to[i * step + step - 1] = (uint8_t)(i < length ? text[i] : ' ');
}

static void put_moment(const struct area *area, uint8_t *to)
{
    char text[32];
    strftime(text, sizeof text, "%Y%m%d%H%M%S00", &area->time);
    memcpy(to, text, 16);
}

static void put_no_moment(uint8_t *to)
{
    memset(to, '0', 16);
}

/* --- directories -------------------------------------------------------------------------------------------------- */

static void put_record(const struct area *area, uint8_t *to, const uint8_t *name, size_t name_size, uint32_t flags,
                       uint32_t block, uint32_t size)
{
    const struct tm *time = &area->time;
    to[0] = (uint8_t)iso_record_size(name_size);
    put32_both(to + ISO_RECORD_EXTENT, block);
    put32_both(to + ISO_RECORD_LENGTH, size);
    uint8_t date[] = {(uint8_t)time->tm_year, (uint8_t)(time->tm_mon + 1), (uint8_t)time->tm_mday,
                      (uint8_t)time->tm_hour, (uint8_t)time->tm_min,       (uint8_t)time->tm_sec};
    memcpy(to + ISO_RECORD_DATE, date, sizeof date);
    to[ISO_RECORD_FLAGS] = (uint8_t)flags;
    put16_both(to + ISO_RECORD_VOLUME, 1);
    to[ISO_RECORD_NAME_SIZE] = (uint8_t)name_size;
    memcpy(to + ISO_RECORD_SIZE, name, name_size);
}

/* The record that stands in the volume's descriptor, and at each directory's start: name 0 is itself, 1 its parent. */
static void put_self(const struct area *area, enum iso_form form, uint32_t directory, uint8_t name, uint8_t *to)
{
    uint32_t blocks = area->volume->tree->orders[form].blocks[directory];
    put_record(area, to, &name, 1, ISO_FLAG_DIRECTORY, area->places[form][directory], blocks * ISO_BLOCK_SIZE);
}

struct cursor {
    uint8_t *block;
    uint32_t used;
};

/* Room for a record, as iso_tree.c has counted it. */
static uint8_t *take_room(struct cursor *cursor, uint32_t size)
{
    if (cursor->used + size > ISO_BLOCK_SIZE)
        *cursor = (struct cursor){cursor->block + ISO_BLOCK_SIZE, 0};
    cursor->used += size;
    return cursor->block + cursor->used - size;
}

static void put_child(const struct area *area, enum iso_form form, uint32_t index, struct cursor *cursor)
{
    const struct iso_tree *tree = area->volume->tree;
    const struct iso_node *node = &tree->nodes[index];
    uint8_t name[ISO_NAME_SIZE_MAX];
    size_t name_size = iso_tree_name(tree, form, index, name);
    uint32_t size = iso_record_size(name_size);
    if (node->directory)
        put_record(area, take_room(cursor, size), name, name_size, ISO_FLAG_DIRECTORY, area->places[form][index],
                   tree->orders[form].blocks[index] * ISO_BLOCK_SIZE);
    else if (node->extent_count == 0)
        put_record(area, take_room(cursor, size), name, name_size, 0, 0, 0);
    for (uint32_t i = 0; i < node->extent_count; i++)
        put_record(area, take_room(cursor, size), name, name_size, i + 1 < node->extent_count ? ISO_FLAG_MORE : 0,
                   (uint32_t)(node->extents[i].offset / ISO_BLOCK_SIZE), (uint32_t)node->extents[i].size);
}

static void put_directory(const struct area *area, enum iso_form form, uint32_t directory)
{
    const struct iso_tree *tree = area->volume->tree;
    const struct iso_order *order = &tree->orders[form];
    struct cursor cursor = {block_at(area, area->places[form][directory]), 0};
    put_self(area, form, directory, 0, take_room(&cursor, iso_record_size(1)));
    put_self(area, form, tree->nodes[directory].parent, 1, take_room(&cursor, iso_record_size(1)));
    for (uint32_t i = order->first_child[directory]; i < order->first_child[directory + 1]; i++)
        put_child(area, form, order->children[i], &cursor);
}

static uint32_t table_blocks(const struct iso_tree *tree, enum iso_form form)
{
    return (uint32_t)((tree->table_sizes[form] + ISO_BLOCK_SIZE - 1) / ISO_BLOCK_SIZE);
}

/* One for little-endian readers, one for the others. */
static void put_path_tables(const struct area *area, enum iso_form form)
{
    const struct iso_tree *tree = area->volume->tree;
    const struct iso_order *order = &tree->orders[form];
    uint8_t *little = block_at(area, area->tables[form]), *big = little + table_blocks(tree, form) * ISO_BLOCK_SIZE;
    for (uint32_t i = 0; i < tree->directory_count; i++) {
        uint32_t directory = order->directories[i], parent = order->numbers[tree->nodes[directory].parent];
        uint8_t name[ISO_NAME_SIZE_MAX] = {0};
        size_t size = i == 0 ? 1 : iso_tree_name(tree, form, directory, name);
        little[0] = big[0] = (uint8_t)size;
        fat_put32(little + 2, area->places[form][directory]);
        put32_big(big + 2, area->places[form][directory]);
        fat_put16(little + 6, parent);
        put16_big(big + 6, parent);
        memcpy(little + 8, name, size);
        memcpy(big + 8, name, size);
        little += 8 + size + size % 2;
        big += 8 + size + size % 2;
    }
}

/* --- descriptors -------------------------------------------------------------------------------------------------- */

static uint8_t *put_descriptor_head(const struct area *area, uint32_t block, uint8_t type)
{
    uint8_t *to = block_at(area, block);
    to[0] = type;
    memcpy(to + 1, ISO_IDENTIFIER, strlen(ISO_IDENTIFIER));
    to[6] = 1;
    return to;
}

static void put_descriptor(const struct area *area, enum iso_form form)
{
    const struct iso_tree *tree = area->volume->tree;
    bool joliet = form == ISO_JOLIET;
    uint8_t *to = put_descriptor_head(area, joliet ? ISO_JOLIET_BLOCK : ISO_PRIMARY_BLOCK,
                                      joliet ? ISO_TYPE_SUPPLEMENTARY : ISO_TYPE_PRIMARY);
    put_text(form, to + 8, 32, "");
    put_text(form, to + ISO_VOLUME_NAME, ISO_VOLUME_NAME_SIZE, ISO_OUR_NAME);
    put32_both(to + ISO_VOLUME_BLOCKS, (uint32_t)(area->volume->image_size / ISO_BLOCK_SIZE));
    if (joliet)
        memcpy(to + ISO_ESCAPE, ISO_JOLIET_ESCAPE, strlen(ISO_JOLIET_ESCAPE));
    put16_both(to + 120, 1); /* one volume, the first of its set */
    put16_both(to + 124, 1);
    put16_both(to + 128, ISO_BLOCK_SIZE);
    put32_both(to + ISO_PATH_TABLE_SIZE, (uint32_t)tree->table_sizes[form]);
    fat_put32(to + ISO_PATH_TABLE_LITTLE, area->tables[form]);
    put32_big(to + ISO_PATH_TABLE_BIG, area->tables[form] + table_blocks(tree, form));
    put_self(area, form, 0, 0, to + ISO_ROOT_RECORD);
    put_text(form, to + 190, 128, ""); /* set, publisher, preparer, application */
    put_text(form, to + 318, 128, "");
    put_text(form, to + ISO_PREPARER, 128, ISO_PREPARED_BY);
    put_text(form, to + 574, 128, "");
    put_text(form, to + 702, 37, ""); /* files with a copyright, an abstract, a bibliography */
    put_text(form, to + 739, 37, "");
    put_text(form, to + 776, 37, "");
    put_moment(area, to + 813); /* made, changed; valid from and until: always */
    put_moment(area, to + 830);
    put_no_moment(to + 847);
    put_no_moment(to + 864);
    to[881] = 1;
}

/* --- El Torito ---------------------------------------------------------------------------------------------------- */

static void put_validation(uint8_t *to)
{
    uint32_t sum = 0;
    to[0] = ISO_VALIDATION;
    to[1] = ISO_PLATFORM_BIOS;
    memcpy(to + ISO_VALIDATION_NAME, ISO_OUR_NAME, strlen(ISO_OUR_NAME));
    to[30] = 0x55;
    to[31] = 0xaa;
    for (uint32_t i = 0; i < ISO_ENTRY_SIZE; i += 2)
        sum += to[i] | (uint32_t)to[i + 1] << 8;
    fat_put16(to + ISO_VALIDATION_SUM, 0x10000 - (sum & 0xffff));
}

static void put_entry(uint8_t *to, uint32_t sectors, uint32_t block)
{
    to[0] = ISO_BOOTABLE; /* no emulation, at the usual place in memory */
    fat_put16(to + 6, sectors);
    fat_put32(to + 8, block);
}

static void put_boot_catalog(const struct area *area)
{
    const struct iso_volume *volume = area->volume;
    uint8_t *record = put_descriptor_head(area, ISO_BOOT_RECORD_BLOCK, ISO_TYPE_BOOT_RECORD);
    memcpy(record + 7, ISO_BOOT_SYSTEM, strlen(ISO_BOOT_SYSTEM));
    fat_put32(record + ISO_BOOT_CATALOG, ISO_CATALOG_BLOCK);
    memcpy(block_at(area, ISO_BOOT_CODE_BLOCK), volume->boot_code, volume->boot_code_size);

    uint8_t *catalog = block_at(area, ISO_CATALOG_BLOCK), *header = catalog + ISO_SECTION_HEADER;
    put_validation(catalog);
    put_entry(catalog + ISO_ENTRY_SIZE, ISO_BOOT_SECTORS, ISO_BOOT_CODE_BLOCK);
    if (volume->esp_size == 0)
        return;
    header[0] = ISO_LAST_SECTION;
    header[1] = ISO_PLATFORM_EFI;
    uint64_t sectors = volume->esp_size / (ISO_BLOCK_SIZE / ISO_BLOCK_SECTORS);
    fat_put16(header + 2, 1);
    /* A count of 0 is read as "up to the end of the volume" (UEFI 2.10, 13.3.2.1): what doesn't fit can be said so. */
    put_entry(catalog + ISO_EFI_ENTRY, sectors <= EFI_SECTORS_MAX ? (uint32_t)sectors : 0,
              (uint32_t)(volume->esp_offset / ISO_BLOCK_SIZE));
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void place_parts(struct area *area)
{
    const struct iso_tree *tree = area->volume->tree;
    uint32_t next = ISO_TABLES_BLOCK;
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        const struct iso_order *order = &tree->orders[form];
        area->tables[form] = next;
        next += 2 * table_blocks(tree, form);
        for (uint32_t i = 0; i < tree->directory_count; i++) {
            area->places[form][order->directories[i]] = next;
            next += order->blocks[order->directories[i]];
        }
    }
}

static void put_all(struct area *area)
{
    const struct iso_tree *tree = area->volume->tree;
    place_parts(area);
    put_descriptor_head(area, ISO_END_BLOCK, ISO_TYPE_END);
    put_boot_catalog(area);
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        put_descriptor(area, form);
        put_path_tables(area, form);
        for (uint32_t i = 0; i < tree->directory_count; i++)
            put_directory(area, form, tree->orders[form].directories[i]);
    }
}

uint64_t iso_area_size(const struct iso_tree *tree)
{
    return (iso_tree_blocks(tree) - ISO_PRIMARY_BLOCK) * ISO_BLOCK_SIZE;
}

enum exit_code iso_area_make(const struct iso_volume *volume, uint8_t **bytes)
{
    if (volume->image_size / ISO_BLOCK_SIZE > UINT32_MAX) /* the layout allows none */
        return failure(EXIT_FAILED, "bug: a CD of %lu bytes", volume->image_size);
    struct area area = {.volume = volume, .bytes = calloc(1, iso_area_size(volume->tree))};
    time_t moment = volume->time < LAST_SECONDS ? volume->time : LAST_SECONDS;
    gmtime_r(&moment, &area.time);
    bool complete = area.bytes != NULL;
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        area.places[form] = calloc(volume->tree->count, sizeof *area.places[form]);
        complete = complete && area.places[form] != NULL;
    }
    if (complete)
        put_all(&area);
    else
        free(area.bytes);
    *bytes = complete ? area.bytes : NULL;
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++)
        free(area.places[form]);
    return complete ? EXIT_OK : failure_memory();
}
