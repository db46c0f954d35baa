#include "fat_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    fat_walk_visit *visit;
    void *context;
    uint8_t *seen; /* a bit for each cluster: a directory begins there */
    char path[FAT_WALK_PATH_MAX];
};

static enum status walk_directory(struct walk *walk, struct fat_file *directory, struct error *error);

/* The first cluster is checked before it is used as an index: fat_next() takes it as it stands on the disk. */
static enum status enter(struct walk *walk, const struct fat_file *directory, struct error *error)
{
    uint32_t cluster = directory->first_cluster, index = cluster / 8, bit = 1u << cluster % 8;
    if (cluster < 2 || cluster - 2 >= directory->fat->cluster_count)
        return error_set(error, STATUS_FAT_CHAIN, "%s: begins at cluster %u of %u", walk->path, cluster,
                         directory->fat->cluster_count);
    if ((walk->seen[index] & bit) != 0)
        return error_set(error, STATUS_FAT_CHAIN, "%s: begins at cluster %u as another directory does", walk->path,
                         cluster);
    walk->seen[index] = (uint8_t)(walk->seen[index] | bit);
    return STATUS_OK;
}

/* Each directory is entered once and each adds two bytes to a path of limited length: so deep at most. */
/* NOLINTBEGIN(misc-no-recursion) */
static enum status visit_entry(struct walk *walk, struct fat_entry *entry, struct error *error)
{
    bool directory = (entry->file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0;
    enum status status = walk->visit(walk->context, walk->path, entry, error);
    if (status == STATUS_OK && directory)
        status = enter(walk, &entry->file, error);
    return status == STATUS_OK && directory ? walk_directory(walk, &entry->file, error) : status;
}

static enum status walk_directory(struct walk *walk, struct fat_file *directory, struct error *error)
{
    size_t length = strlen(walk->path);
    uint64_t position = 0;
    enum status status = STATUS_OK;
    struct fat_entry entry;
    while (fat_next(directory, &position, &entry, &status, error)) {
        int added = snprintf(walk->path + length, sizeof walk->path - length, "%s%s",
                             walk->path[length - 1] == '/' ? "" : "/", entry.name);
        if ((size_t)added >= sizeof walk->path - length)
            return error_set(error, STATUS_PATH_BAD, "a path has more than %u bytes", FAT_WALK_PATH_MAX - 1);
        status = visit_entry(walk, &entry, error);
        walk->path[length] = '\0';
        if (status != STATUS_OK)
            break;
    }
    return status;
}
/* NOLINTEND(misc-no-recursion) */

enum status fat_walk(const struct fat_file *directory, const char *path, fat_walk_visit *visit, void *context,
                     struct error *error)
{
    struct walk *walk = malloc(sizeof *walk);
    struct fat_file start = *directory;
    if (walk == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    *walk = (struct walk){.visit = visit, .context = context, .seen = calloc(directory->fat->cluster_count / 8 + 1u, 1)};
    snprintf(walk->path, sizeof walk->path, "%s", path);
    enum status status = walk->seen != NULL ? walk_directory(walk, &start, error)
                                            : error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    free(walk->seen);
    free(walk);
    return status;
}
