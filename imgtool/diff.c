/* imgtool diff: which structures and files of two images differ. */
#include "cli.h"
#include "comparison.h"
#include "operands.h"

#include <string.h>
#include <strings.h>

static int as_json;

static const struct poptOption options[] = {
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON", NULL},
    POPT_TABLEEND,
};

/* An image that keeps in mind that it could not be read: of bytes that nobody knows it can't be said how they differ.
 */
struct watched {
    struct disk_image image;
    struct block block;
    struct error error; /* the first */
};

static enum status read_watched(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct watched *watched = block->context;
    enum status status = block_read(&watched->block, offset, size, to, error);
    if (status != STATUS_OK && watched->error.status == STATUS_OK)
        watched->error = *error;
    return status;
}

static enum exit_code open_watched(struct watched *watched, const char *path)
{
    *watched = (struct watched){0};
    enum exit_code code = disk_image_open(&watched->image, path);
    watched->block = watched->image.block;
    watched->image.block.read = read_watched;
    watched->image.block.context = watched;
    return code;
}

/* The first image that could not be read; NULL: both could. */
static const struct watched *unread(const struct watched images[2])
{
    for (size_t i = 0; i < 2; i++)
        if (images[i].error.status != STATUS_OK)
            return &images[i];
    return NULL;
}

/* --- partitions -------------------------------------------------------------------------------------------------- */

static bool is_boot_partition(const struct inspection *inspection, const struct partition *partition)
{
    const struct verify *volume = &inspection->volume;
    uint64_t start = partition->first_lba * inspection->tables.files.image.block.sector_size;
    bool bios_boot = memcmp(partition->type_guid, partition_guid_bios_boot, sizeof partition->type_guid) == 0;
    return bios_boot || (volume->is_mounted && volume->files.fat.start == start);
}

static uint32_t sector_size(const struct comparison *comparison, unsigned image)
{
    return comparison->images[image].tables.files.image.block.sector_size;
}

/* Has the partition an entry in a table whose fields are compared? Logical ones have records of their own. */
static bool is_in_table(const struct comparison *comparison, const struct partition *partition)
{
    bool gpt = comparison->images[0].tables.files.table.kind == BOOT_DISK_GPT;
    return gpt ? sector_size(comparison, 0) == sector_size(comparison, 1) : partition->number <= 4;
}

/* What loader and boot volume are made of is compared elsewhere, by its parts. */
static void compare_partition(struct comparison *comparison, const struct partition *a, const struct partition *b)
{
    char what[32];
    uint64_t sector = sector_size(comparison, 0);
    bool in_table = is_in_table(comparison, a) && is_in_table(comparison, b);
    if (a->first_lba != b->first_lba || a->last_lba != b->last_lba || a->number != b->number) {
        if (!in_table)
            comparison_differ(comparison, "partition table", "partition %u is at sectors %lu to %lu and %lu to %lu",
                              a->number, a->first_lba, a->last_lba, b->first_lba, b->last_lba);
        return;
    }
    if (!in_table && (a->mbr_type != b->mbr_type || memcmp(a->type_guid, b->type_guid, sizeof a->type_guid) != 0))
        comparison_differ(comparison, "partition table", "partition %u has another type", a->number);
    if (is_boot_partition(&comparison->images[0], a) || is_boot_partition(&comparison->images[1], b) ||
        sector != sector_size(comparison, 1))
        return;
    snprintf(what, sizeof what, "partition %u", a->number);
    comparison_range(comparison, what, a->first_lba * sector, b->first_lba * sector,
                     (a->last_lba - a->first_lba + 1) * sector);
}

static void compare_tables(struct comparison *comparison)
{
    const struct partition_table *one = &comparison->images[0].tables.files.table,
                                 *other = &comparison->images[1].tables.files.table;
    if (one->kind != other->kind || one->count != other->count) {
        comparison_differ(comparison, "partition table", "%u and %u partitions, %s", one->count, other->count,
                          one->kind == other->kind ? "of the same kind of table" : "of different kinds of table");
        return;
    }
    for (uint32_t i = 0; i < one->count; i++)
        compare_partition(comparison, &one->partitions[i], &other->partitions[i]);
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
    if (!comparison->images[0].volume.is_mounted || !comparison->images[1].volume.is_mounted)
        return;
    for (size_t i = 0; i < comparison->images[0].file_count; i++) {
        const struct inspected_file *a = &comparison->images[0].list[i], *b = find(&comparison->images[1], a->path);
        if (b == NULL)
            comparison_differ(comparison, a->path, "is only in the first image");
        else if (a->directory != b->directory)
            comparison_differ(comparison, a->path, "is a directory in one image, a file in the other");
        else if (a->directory)
            continue;
        else if (a->size != b->size)
            comparison_differ(comparison, a->path, "has %u and %u bytes", a->size, b->size);
        else if (strcmp(a->sha256, b->sha256) != 0)
            comparison_differ(comparison, a->path, "has other content, of the same %u bytes", a->size);
    }
    for (size_t i = 0; i < comparison->images[1].file_count; i++)
        if (find(&comparison->images[0], comparison->images[1].list[i].path) == NULL)
            comparison_differ(comparison, comparison->images[1].list[i].path, "is only in the second image");
}

/* What no name was found for: dates, free space, the order of clusters. */
static void compare_rest(struct comparison *comparison)
{
    uint64_t sizes[] = {comparison->images[0].tables.files.image.block.size,
                        comparison->images[1].tables.files.image.block.size};
    if (sizes[0] != sizes[1]) {
        comparison_differ(comparison, "size", "%lu and %lu bytes", sizes[0], sizes[1]);
        return;
    }
    if (comparison->count != 0)
        return;
    uint64_t at = comparison_first(comparison, 0, 0, sizes[0]);
    if (at < sizes[0])
        comparison_differ(comparison, "other bytes", "differ from byte %lu on: dates, free space or where files lie",
                          at);
}

static void compare(struct comparison *comparison, const struct watched images[2])
{
    struct json_object *document = as_json ? json_document("diff") : NULL;
    comparison->array = as_json ? json_array_in(document, "differences") : NULL;
    comparison_boot_sector(comparison);
    comparison_gpt(comparison);
    compare_tables(comparison);
    comparison_volume(comparison);
    compare_files(comparison);
    comparison_cd(comparison);
    compare_rest(comparison);
    if (!as_json)
        return;
    json_flag(document, "same", comparison->count == 0 && unread(images) == NULL);
    json_finish(document);
}

static enum exit_code conclude(const struct comparison *comparison, const struct watched images[2])
{
    const struct watched *failed = unread(images);
    if (failed != NULL)
        return disk_image_failure(&failed->image, &failed->error);
    return comparison->count == 0 ? EXIT_OK : EXIT_FAILED;
}

static int run(poptContext context)
{
    static struct comparison comparison; /* big */
    struct watched images[2];
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool diff IMAGE IMAGE", 2, 2, operands);
    if (code == EXIT_OK)
        code = open_watched(&images[0], operands[0]);
    if (code != EXIT_OK)
        return code;
    code = open_watched(&images[1], operands[1]);
    if (code == EXIT_OK) {
        inspection_make(&comparison.images[0], &images[0].image);
        inspection_make(&comparison.images[1], &images[1].image);
        compare(&comparison, images);
        code = conclude(&comparison, images);
        inspection_free(&comparison.images[0]);
        inspection_free(&comparison.images[1]);
        disk_image_close(&images[1].image);
    }
    disk_image_close(&images[0].image);
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
