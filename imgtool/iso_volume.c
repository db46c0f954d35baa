#include "iso_volume.h"

#include "boot_code.h"
#include "boot_volume.h"
#include "fat_walk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX (FAT_WALK_PATH_MAX / 2)
#define MOMENT_OFFSET 813u /* when the volume was made: ECMA-119, 8.4.26 */
#define MOMENT_DIGITS 14u

/* --- the files --------------------------------------------------------------------------------------------------- */

/* What the nodes of a tree point at. */
struct named {
    char *name;
    uint8_t short_name[ISO_PLAIN_NAME_SIZE];
    struct iso_extent *extents;
};

struct collection {
    struct iso_node *nodes;
    struct named *names;
    uint32_t count;
    uint32_t last[DEPTH_MAX + 1]; /* the directory that is being looked at, at each depth */
};

static void collection_free(struct collection *collection)
{
    for (uint32_t i = 0; i < collection->count; i++) {
        free(collection->names[i].name);
        free(collection->names[i].extents);
    }
    free(collection->names);
    free(collection->nodes);
}

/* "NAME.EXT" to eight characters and three. */
static void spread_short_name(const char *text, uint8_t *to)
{
    const char *dot = strchr(text, '.');
    size_t stem = dot != NULL ? (size_t)(dot - text) : strlen(text), extension = dot != NULL ? strlen(dot + 1) : 0;
    memset(to, ' ', ISO_PLAIN_NAME_SIZE);
    memcpy(to, text, stem < 8 ? stem : 8);
    if (dot != NULL)
        memcpy(to + 8, dot + 1, extension < 3 ? extension : 3);
}

static enum status add_extent(struct named *named, uint32_t *count, uint64_t offset, uint64_t size, struct error *error)
{
    struct iso_extent *list = named->extents, *last = list != NULL && *count > 0 ? &list[*count - 1] : NULL;
    if (last != NULL && last->offset + last->size == offset && last->size + size <= UINT32_MAX) {
        last->size += size;
        return STATUS_OK;
    }
    list = reallocarray(list, *count + 1u, sizeof *list);
    if (list == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    named->extents = list;
    list[(*count)++] = (struct iso_extent){offset, size};
    return STATUS_OK;
}

/* The runs of clusters that a file lies in. */
static enum status find_extents(struct fat_file file, struct named *named, uint32_t *count, struct error *error)
{
    const struct fat *fat = file.fat;
    uint64_t left = file.size;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; left > 0 && status == STATUS_OK; i++) {
        uint32_t cluster = 0;
        uint64_t size = left < fat->cluster_size ? left : fat->cluster_size;
        status = fat_file_cluster(&file, i, &cluster, error);
        if (status == STATUS_OK && cluster == 0)
            status = error_set(error, STATUS_FAT_CHAIN, "%s has fewer clusters than its size needs", named->name);
        if (status == STATUS_OK)
            status = add_extent(
                named, count, fat->start + fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_size, size, error);
        left -= size;
    }
    return status;
}

static enum status make_room(struct collection *collection, struct error *error)
{
    struct iso_node *nodes = reallocarray(collection->nodes, collection->count + 1u, sizeof *nodes);
    if (nodes != NULL)
        collection->nodes = nodes;
    struct named *names = reallocarray(collection->names, collection->count + 1u, sizeof *names);
    if (names != NULL)
        collection->names = names;
    if (nodes == NULL || names == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    return STATUS_OK;
}

static uint32_t depth_of(const char *path)
{
    uint32_t depth = 0;
    for (; *path != '\0'; path++)
        depth += *path == '/' && path[1] != '\0';
    return depth < DEPTH_MAX ? depth : DEPTH_MAX;
}

static enum status add_entry(void *context, const char *path, const struct fat_entry *entry, struct error *error)
{
    struct collection *collection = context;
    enum status status = make_room(collection, error);
    if (status != STATUS_OK)
        return status;
    uint32_t index = collection->count, depth = depth_of(path);
    struct iso_node *node = &collection->nodes[index];
    struct named *named = &collection->names[index];
    *named = (struct named){.name = strdup(entry->name)};
    *node = (struct iso_node){.parent = depth > 0 ? collection->last[depth - 1] : 0,
                              .directory = depth == 0 || (entry->file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0};
    spread_short_name(entry->short_name, named->short_name);
    collection->last[depth] = index;
    collection->count++;
    if (named->name == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    return node->directory ? STATUS_OK : find_extents(entry->file, named, &node->extent_count, error);
}

static enum status collect(struct fat *fat, struct collection *collection, struct error *error)
{
    struct fat_entry root = {.name = ""};
    if (fat->cluster_size % ISO_BLOCK_SIZE != 0 || (fat->start + fat->data_offset) % ISO_BLOCK_SIZE != 0)
        return error_set(error, STATUS_FAT_BAD, "clusters of %u bytes are not the blocks of a CD", fat->cluster_size);
    enum status status = fat_open(fat, "/", &root.file, error);
    if (status == STATUS_OK)
        status = add_entry(collection, "/", &root, error);
    if (status == STATUS_OK)
        status = fat_walk(&root.file, "/", add_entry, collection, error);
    for (uint32_t i = 0; i < collection->count; i++) { /* only now do they stay where they are */
        collection->nodes[i].name = collection->names[i].name;
        collection->nodes[i].short_name = collection->names[i].short_name;
        collection->nodes[i].extents = collection->names[i].extents;
    }
    return status;
}

/* --- the area ---------------------------------------------------------------------------------------------------- */

static uint32_t digits(const uint8_t *text, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value = value * 10 + (text[i] >= '0' && text[i] <= '9' ? (uint32_t)(text[i] - '0') : 0);
    return value;
}

static int64_t read_moment(const uint8_t *text)
{
    struct tm parts = {
        .tm_year = (int)digits(text, 4) - 1900,
        .tm_mon = (int)digits(text + 4, 2) - 1,
        .tm_mday = (int)digits(text + 6, 2),
        .tm_hour = (int)digits(text + 8, 2),
        .tm_min = (int)digits(text + 10, 2),
        .tm_sec = (int)digits(text + 12, 2),
    };
    int64_t time = timegm(&parts);
    return time >= 0 ? time : 0;
}

enum status iso_given_read(struct block *image, struct iso_given *given, struct error *error)
{
    uint8_t moment[MOMENT_DIGITS];
    uint32_t blocks = 0;
    enum status status = block_read(image, ISO_AREA_OFFSET + ISO_VOLUME_BLOCKS, sizeof blocks, &blocks, error);
    if (status == STATUS_OK)
        status = block_read(image, ISO_AREA_OFFSET + MOMENT_OFFSET, sizeof moment, moment, error);
    if (status == STATUS_OK)
        status = block_read(image, ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE, sizeof given->boot_code,
                            given->boot_code, error);
    if (status != STATUS_OK)
        return status;
    given->image_size = blocks * (uint64_t)ISO_BLOCK_SIZE;
    given->time = read_moment(moment);
    return STATUS_OK;
}

static enum exit_code make_area(const struct boot_files *files, const struct iso_given *given,
                                const struct iso_tree *tree, struct iso_area *area)
{
    const struct partition *partition = files->partition;
    uint64_t sector = files->image.block.sector_size;
    bool esp = partition != NULL && boot_volume_is_esp(&files->table, partition);
    struct iso_volume volume = {
        .tree = tree,
        .image_size = given->image_size,
        .time = given->time,
        .boot_code = given->boot_code,
        .boot_code_size = sizeof given->boot_code,
        .esp_offset = files->fat.start,
        .esp_size = esp ? (partition->last_lba - partition->first_lba + 1) * sector : 0,
    };
    area->size = iso_area_size(tree);
    return iso_area_make(&volume, &area->bytes);
}

enum exit_code iso_area_of_volume(struct boot_files *files, const struct iso_given *given, struct iso_area *area)
{
    struct collection collection = {0};
    struct iso_tree tree = {0};
    struct error error;
    *area = (struct iso_area){0};
    enum exit_code code = EXIT_OK;
    if (collect(&files->fat, &collection, &error) != STATUS_OK)
        code = disk_image_failure(&files->image, &error);
    if (code == EXIT_OK) {
        code = iso_tree_make(&tree, collection.nodes, collection.count);
        collection.nodes = NULL; /* the tree's now */
    }
    if (code == EXIT_OK)
        code = make_area(files, given, &tree, area);
    iso_tree_free(&tree);
    collection_free(&collection);
    return code;
}

void iso_area_free(struct iso_area *area)
{
    free(area->bytes);
    area->bytes = NULL;
}

/* Where the stages begin that the stage 1 at `offset` starts; `limit` if it starts none there. Damaged ones may be
 * repaired, and keep their place. */
static uint64_t stages_start(struct block *image, uint64_t offset, uint64_t limit)
{
    struct boot_code code;
    struct error ignored;
    if (boot_code_read(image, offset, &code, &ignored) != STATUS_OK || !boot_code_starts_bios(&code))
        return limit;
    uint64_t lba = code.patch.stages_lba;
    return lba > ISO_AREA_OFFSET / BIOS_SECTOR_SIZE && lba < limit / BIOS_SECTOR_SIZE ? lba * BIOS_SECTOR_SIZE : limit;
}

uint64_t iso_area_limit(struct block *image, const struct partition_table *table)
{
    uint64_t limit = image->size;
    for (uint32_t i = 0; i < table->count; i++)
        if (table->partitions[i].first_lba < limit / image->sector_size)
            limit = table->partitions[i].first_lba * image->sector_size;
    limit = stages_start(image, 0, limit);
    return stages_start(image, ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE, limit);
}
