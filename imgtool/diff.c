/* imgtool diff: which structures and files of two images differ. */
#include "../bios/image_format.h"
#include "cli.h"
#include "inspection.h"
#include "iso_volume.h"
#include "json.h"
#include "operands.h"
#include "progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int as_json;

static const struct poptOption options[] = {
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON", NULL},
    POPT_TABLEEND,
};

struct comparison {
    struct inspection one, other;
    size_t count;
    struct json_object *array; /* NULL: text */
};

/* One difference: what differs, and how. */
__attribute__((format(printf, 3, 4))) static void differ(struct comparison *comparison, const char *what,
                                                         const char *format, ...)
{
    char *text;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0)
        exit(failure_memory());
    comparison->count++;
    if (comparison->array != NULL) {
        struct json_object *object = json_object_append(comparison->array);
        json_text(object, "what", what);
        json_text(object, "text", text);
    } else {
        printf("%s: %s\n", what, text);
    }
    free(text);
}

/* --- ranges of the disk ------------------------------------------------------------------------------------------ */

#define PIECE 65536u

/* The first byte at which two stretches differ; `size` if none does. */
static uint64_t find_difference(struct comparison *comparison, uint64_t offset, uint64_t other_offset, uint64_t size)
{
    static uint8_t one[PIECE], other[PIECE];
    struct block *blocks[] = {&comparison->one.tables.files.image.block, &comparison->other.tables.files.image.block};
    struct error error;
    for (uint64_t at = 0; at < size; at += PIECE) {
        uint64_t part = size - at < PIECE ? size - at : PIECE, i = 0;
        if (block_read(blocks[0], offset + at, part, one, &error) != STATUS_OK ||
            block_read(blocks[1], other_offset + at, part, other, &error) != STATUS_OK)
            return at;
        while (i < part && one[i] == other[i])
            i++;
        if (i < part)
            return at + i;
        progress_add(part);
    }
    return size;
}

static uint64_t first_difference(struct comparison *comparison, uint64_t offset, uint64_t other_offset, uint64_t size)
{
    progress_begin("comparing", size);
    uint64_t at = find_difference(comparison, offset, other_offset, size);
    progress_end();
    return at;
}

static void compare_range(struct comparison *comparison, const char *what, uint64_t offset, uint64_t other_offset,
                          uint64_t size)
{
    uint64_t at = first_difference(comparison, offset, other_offset, size);
    if (at < size)
        differ(comparison, what, "differ from byte %lu of %lu on", at, size);
}

static void compare_loader(struct comparison *comparison)
{
    struct bios_stage1_patch patches[2];
    struct error error;
    compare_range(comparison, "MBR boot code", 0, 0, BIOS_STAGE1_SIZE);
    compare_range(comparison, "MBR partition table", BIOS_STAGE1_SIZE, BIOS_STAGE1_SIZE,
                  BIOS_SECTOR_SIZE - BIOS_STAGE1_SIZE);
    for (size_t i = 0; i < 2; i++) {
        struct verify *tables = i == 0 ? &comparison->one.tables : &comparison->other.tables;
        if (block_read(&tables->files.image.block, BIOS_STAGE1_PATCH_OFFSET, sizeof patches[i], &patches[i], &error) !=
            STATUS_OK)
            return;
    }
    if (patches[0].stages_sectors != patches[1].stages_sectors)
        differ(comparison, "BIOS stages", "have %u and %u sectors", patches[0].stages_sectors,
               patches[1].stages_sectors);
    else if (patches[0].stages_lba < UINT32_MAX && patches[1].stages_lba < UINT32_MAX)
        compare_range(comparison, "BIOS stages", patches[0].stages_lba * BIOS_SECTOR_SIZE,
                      patches[1].stages_lba * BIOS_SECTOR_SIZE, (uint64_t)patches[0].stages_sectors * BIOS_SECTOR_SIZE);
}

static void compare_gpt(struct comparison *comparison)
{
    const struct partition_table *one = &comparison->one.tables.files.table,
                                 *other = &comparison->other.tables.files.table;
    const struct block *blocks[] = {&comparison->one.tables.files.image.block,
                                    &comparison->other.tables.files.image.block};
    if (one->kind != BOOT_DISK_GPT || other->kind != BOOT_DISK_GPT || blocks[0]->sector_size != blocks[1]->sector_size)
        return;
    uint64_t sector = blocks[0]->sector_size, array = 128 * 128;
    compare_range(comparison, "primary GPT header", sector, sector, sector);
    compare_range(comparison, "primary GPT entries", 2 * sector, 2 * sector, array);
    compare_range(comparison, "backup GPT entries", blocks[0]->size - sector - array, blocks[1]->size - sector - array,
                  array);
    compare_range(comparison, "backup GPT header", blocks[0]->size - sector, blocks[1]->size - sector, sector);
}

static bool is_boot_partition(const struct inspection *inspection, const struct partition *partition)
{
    const struct verify *volume = &inspection->volume;
    uint64_t start = partition->first_lba * inspection->tables.files.image.block.sector_size;
    bool bios_boot = memcmp(partition->type_guid, partition_guid_bios_boot, sizeof partition->type_guid) == 0;
    return bios_boot || (volume->is_mounted && volume->files.fat.start == start);
}

/* What loader and boot volume are made of is compared elsewhere, by its parts. */
static void compare_partition(struct comparison *comparison, const struct partition *a, const struct partition *b)
{
    char what[32];
    uint64_t sector = comparison->one.tables.files.image.block.sector_size;
    if (a->first_lba != b->first_lba || a->last_lba != b->last_lba || a->number != b->number) {
        differ(comparison, "partition table", "partition %u is at sectors %lu to %lu and %lu to %lu", a->number,
               a->first_lba, a->last_lba, b->first_lba, b->last_lba);
        return;
    }
    if (a->mbr_type != b->mbr_type || memcmp(a->type_guid, b->type_guid, sizeof a->type_guid) != 0)
        differ(comparison, "partition table", "partition %u has another type", a->number);
    if (is_boot_partition(&comparison->one, a) || is_boot_partition(&comparison->other, b) ||
        sector != comparison->other.tables.files.image.block.sector_size)
        return;
    snprintf(what, sizeof what, "partition %u", a->number);
    compare_range(comparison, what, a->first_lba * sector, b->first_lba * sector,
                  (a->last_lba - a->first_lba + 1) * sector);
}

static void compare_tables(struct comparison *comparison)
{
    const struct partition_table *one = &comparison->one.tables.files.table,
                                 *other = &comparison->other.tables.files.table;
    if (one->kind != other->kind || one->count != other->count) {
        differ(comparison, "partition table", "%u and %u partitions, %s", one->count, other->count,
               one->kind == other->kind ? "of the same kind of table" : "of different kinds of table");
        return;
    }
    for (uint32_t i = 0; i < one->count; i++)
        compare_partition(comparison, &one->partitions[i], &other->partitions[i]);
}

static void compare_cds(struct comparison *comparison)
{
    struct verify *one = &comparison->one.tables, *other = &comparison->other.tables;
    if (comparison->one.volume.is_cd != comparison->other.volume.is_cd)
        differ(comparison, "ISO 9660 volume", "is in the %s image only",
               comparison->one.volume.is_cd ? "first" : "second");
    if (!comparison->one.volume.is_cd || !comparison->other.volume.is_cd)
        return;
    uint64_t end = iso_area_limit(&one->files.image.block, &one->files.table);
    uint64_t other_end = iso_area_limit(&other->files.image.block, &other->files.table);
    end = other_end < end ? other_end : end;
    if (end > ISO_AREA_OFFSET)
        compare_range(comparison, "ISO 9660 volume", ISO_AREA_OFFSET, ISO_AREA_OFFSET, end - ISO_AREA_OFFSET);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static const struct inspected_file *find(const struct inspection *inspection, const char *path)
{
    for (size_t i = 0; i < inspection->file_count; i++)
        if (strcasecmp(inspection->list[i].path, path) == 0)
            return &inspection->list[i];
    return NULL;
}

static void compare_files(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->one.file_count; i++) {
        const struct inspected_file *a = &comparison->one.list[i], *b = find(&comparison->other, a->path);
        if (b == NULL)
            differ(comparison, a->path, "is only in the first image");
        else if (a->directory != b->directory)
            differ(comparison, a->path, "is a directory in one image, a file in the other");
        else if (a->directory)
            continue;
        else if (a->size != b->size)
            differ(comparison, a->path, "has %u and %u bytes", a->size, b->size);
        else if (strcmp(a->sha256, b->sha256) != 0)
            differ(comparison, a->path, "has other content, of the same %u bytes", a->size);
    }
    for (size_t i = 0; i < comparison->other.file_count; i++)
        if (find(&comparison->one, comparison->other.list[i].path) == NULL)
            differ(comparison, comparison->other.list[i].path, "is only in the second image");
}

static void compare_volumes(struct comparison *comparison)
{
    const struct verify *one = &comparison->one.volume, *other = &comparison->other.volume;
    const struct fat *a = &one->files.fat, *b = &other->files.fat;
    if (one->is_mounted != other->is_mounted)
        differ(comparison, "boot volume", "can be read in the %s image only", one->is_mounted ? "first" : "second");
    if (!one->is_mounted || !other->is_mounted)
        return;
    if (a->bits != b->bits || a->size != b->size || a->cluster_size != b->cluster_size)
        differ(comparison, "boot volume", "FAT%u, %lu bytes, clusters of %u; FAT%u, %lu bytes, clusters of %u", a->bits,
               a->size, a->cluster_size, b->bits, b->size, b->cluster_size);
    else if (a->volume_id != b->volume_id)
        differ(comparison, "boot volume", "has id %08x and %08x", a->volume_id, b->volume_id);
    compare_files(comparison);
}

/* What no name was found for: dates, free space, the order of clusters. */
static void compare_rest(struct comparison *comparison)
{
    uint64_t sizes[] = {comparison->one.tables.files.image.block.size, comparison->other.tables.files.image.block.size};
    if (sizes[0] != sizes[1]) {
        differ(comparison, "size", "%lu and %lu bytes", sizes[0], sizes[1]);
        return;
    }
    if (comparison->count != 0)
        return;
    uint64_t at = first_difference(comparison, 0, 0, sizes[0]);
    if (at < sizes[0])
        differ(comparison, "other bytes", "differ from byte %lu on: dates, free space or where files lie", at);
}

static void compare(struct comparison *comparison)
{
    struct json_object *document = as_json ? json_document("diff") : NULL;
    comparison->array = as_json ? json_array_in(document, "differences") : NULL;
    compare_loader(comparison);
    compare_tables(comparison);
    compare_gpt(comparison);
    compare_volumes(comparison);
    compare_cds(comparison);
    compare_rest(comparison);
    if (!as_json)
        return;
    json_flag(document, "same", comparison->count == 0);
    json_finish(document);
}

static int run(poptContext context)
{
    static struct comparison comparison; /* big */
    struct disk_image images[2];
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool diff IMAGE IMAGE", 2, 2, operands);
    if (code == EXIT_OK)
        code = disk_image_open(&images[0], operands[0]);
    if (code != EXIT_OK)
        return code;
    code = disk_image_open(&images[1], operands[1]);
    if (code == EXIT_OK) {
        inspection_make(&comparison.one, &images[0]);
        inspection_make(&comparison.other, &images[1]);
        compare(&comparison);
        code = comparison.count == 0 ? EXIT_OK : EXIT_FAILED;
        inspection_free(&comparison.one);
        inspection_free(&comparison.other);
        disk_image_close(&images[1]);
    }
    disk_image_close(&images[0]);
    return code;
}

const struct command command_diff = {
    .name = "diff",
    .arguments = "IMAGE IMAGE",
    .summary = "name the structures and files in which two images differ",
    .examples = "imgtool diff old.img new.img\n"
                "imgtool diff --json old.img new.img\n",
    .options = options,
    .run = run,
};
