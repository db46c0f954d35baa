/* verify: each directory entry of the boot volume, and who owns which cluster. */
#include "verify.h"

#include "fat_name.h"
#include "fat_table.h"
#include "fat_walk.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define DELETED 0xe5u
#define NOBODY 0u
#define ATTRIBUTES_RESERVED 0xc0u

struct tree {
    struct verify *verify;
    uint32_t *owners; /* of each cluster: index + 1 of a path */
    char **paths;
    uint32_t path_count;
    char path[FAT_WALK_PATH_MAX];
};

struct directory {
    uint8_t *entries;  /* owned */
    uint64_t *offsets; /* of each cluster's worth of entries on the disk, owned */
    uint32_t count, per_piece;
    uint32_t first_cluster, parent_cluster;
};

static void check_directory(struct tree *tree, uint32_t first_cluster, uint32_t parent_cluster);

static void *checked(void *memory)
{
    if (memory == NULL)
        exit(failure_memory());
    return memory;
}

static uint64_t cluster_offset(const struct fat *fat, uint32_t cluster)
{
    return fat->start + fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_size;
}

static uint64_t table_offset(const struct fat *fat, uint32_t cluster)
{
    return fat->start + fat->fat_offset + (uint64_t)cluster * fat->bits / 8;
}

/* --- chains ------------------------------------------------------------------------------------------------------ */

static uint32_t add_path(struct tree *tree)
{
    tree->paths = checked(reallocarray(tree->paths, tree->path_count + 1u, sizeof *tree->paths));
    tree->paths[tree->path_count++] = checked(strdup(tree->path));
    return tree->path_count;
}

/* Follows a chain and takes its clusters; returns how many it has, fewer where it is damaged. */
static uint32_t take_chain(struct tree *tree, uint32_t first)
{
    struct fat *fat = &tree->verify->files.fat;
    struct findings *findings = &tree->verify->findings;
    struct error error;
    uint32_t me = add_path(tree), count = 0;
    for (uint32_t cluster = first; cluster != 0;) {
        uint32_t owner = tree->owners[cluster];
        if (owner != NOBODY) {
            findings_add(findings, "FAT chain", table_offset(fat, cluster), "of %s %s%s at cluster %u", tree->path,
                         owner == me ? "runs in a circle" : "meets that of ", owner == me ? "" : tree->paths[owner - 1],
                         cluster);
            break;
        }
        tree->owners[cluster] = me;
        count++;
        uint32_t next = 0;
        if (fat_chain_next(fat, cluster, &next, &error) != STATUS_OK) {
            findings_add(findings, "FAT chain", table_offset(fat, cluster), "of %s: %s", tree->path, error.text);
            break;
        }
        cluster = next;
    }
    return count;
}

static bool is_cluster(const struct fat *fat, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < fat->cluster_count;
}

static void check_file(struct tree *tree, uint32_t first, uint32_t size, uint64_t entry)
{
    const struct fat *fat = &tree->verify->files.fat;
    struct findings *findings = &tree->verify->findings;
    uint32_t needed = (uint32_t)(((uint64_t)size + fat->cluster_size - 1) / fat->cluster_size);
    if (first == 0 && size == 0)
        return;
    if (!is_cluster(fat, first)) {
        findings_add(findings, "directory entry", entry, "of %s: begins at cluster %u of %u", tree->path, first,
                     fat->cluster_count);
        return;
    }
    size_t before = findings->count;
    uint32_t count = take_chain(tree, first);
    if (count != needed && findings->count == before)
        findings_add(findings, "directory entry", entry, "of %s: %u bytes need %u clusters, its chain has %u",
                     tree->path, size, needed, count);
}

/* Clusters that the table calls taken, and nobody has. */
static void find_lost(struct tree *tree)
{
    const struct fat *fat = &tree->verify->files.fat;
    struct fat_table *table = checked(malloc(sizeof *table));
    struct error error;
    uint32_t first = 0, count = 0, value = 0;
    fat_table_init(table, fat);
    progress_begin("looking for lost clusters", fat->fat_size);
    for (uint32_t cluster = 2; cluster - 2 < fat->cluster_count; cluster++) {
        if (tree->owners[cluster] != NOBODY)
            continue;
        if (fat_table_value(table, cluster, &value, &error) != STATUS_OK)
            break; /* told by the comparison of the tables */
        if (value == 0 || value == fat_table_bad(fat))
            continue;
        first = first != 0 ? first : cluster;
        count++;
    }
    progress_end();
    free(table);
    if (count != 0)
        findings_add(&tree->verify->findings, "FAT", table_offset(fat, first),
                     "has %u lost clusters, which belong to no file: the first is %u", count, first);
}

/* --- directories ------------------------------------------------------------------------------------------------- */

static void read_piece(struct tree *tree, struct directory *directory, uint64_t offset, uint32_t size)
{
    uint32_t index = directory->count / directory->per_piece;
    directory->entries =
        checked(realloc(directory->entries, ((uint64_t)directory->count + directory->per_piece) * FAT_ENTRY_SIZE));
    directory->offsets = checked(reallocarray(directory->offsets, index + 1u, sizeof *directory->offsets));
    directory->offsets[index] = offset;
    if (verify_read(tree->verify, "directory", offset, size,
                    directory->entries + (uint64_t)directory->count * FAT_ENTRY_SIZE))
        directory->count += size / FAT_ENTRY_SIZE;
}

/* Only clusters that this directory owns are read: a damaged chain ends where take_chain() stopped. */
static void read_directory(struct tree *tree, struct directory *directory)
{
    struct fat *fat = &tree->verify->files.fat;
    if (directory->first_cluster == 0) { /* the fixed root of FAT12 and FAT16 */
        directory->per_piece = fat->root_entries;
        read_piece(tree, directory, fat->start + fat->root_offset, fat->root_entries * FAT_ENTRY_SIZE);
        return;
    }
    struct error error;
    uint32_t cluster = directory->first_cluster, left = take_chain(tree, cluster);
    directory->per_piece = fat->cluster_size / FAT_ENTRY_SIZE;
    for (; left > 0 && (uint64_t)directory->count * FAT_ENTRY_SIZE < FAT_DIRECTORY_SIZE_MAX; left--) {
        read_piece(tree, directory, cluster_offset(fat, cluster), fat->cluster_size);
        if (left > 1 && fat_chain_next(fat, cluster, &cluster, &error) != STATUS_OK)
            return;
    }
}

static uint64_t entry_offset(const struct directory *directory, uint32_t index)
{
    return directory->offsets[index / directory->per_piece] + (uint64_t)(index % directory->per_piece) * FAT_ENTRY_SIZE;
}

static uint32_t first_cluster(const struct fat *fat, const uint8_t *entry)
{
    uint32_t low = entry[26] | (uint32_t)entry[27] << 8;
    return fat->bits == 32 ? low | (uint32_t)entry[20] << 16 | (uint32_t)entry[21] << 24 : low;
}

/* "." and ".." stand first in every directory but the root. */
static void check_dots(struct tree *tree, const struct directory *directory)
{
    struct verify *verify = tree->verify;
    const uint32_t wanted[] = {directory->first_cluster, directory->parent_cluster};
    for (uint32_t i = 0; i < 2 && i < directory->count; i++) {
        const uint8_t *entry = directory->entries + (uint64_t)i * FAT_ENTRY_SIZE;
        const char *name = i == 0 ? "." : "..";
        if (memcmp(entry, i == 0 ? ".          " : "..         ", FAT_SHORT_NAME_SIZE) != 0 ||
            (entry[11] & FAT_ATTRIBUTE_DIRECTORY) == 0)
            findings_add(&verify->findings, "directory", entry_offset(directory, i), "%s has no '%s'", tree->path,
                         name);
        else if (first_cluster(&verify->files.fat, entry) != wanted[i])
            findings_add(&verify->findings, "directory", entry_offset(directory, i),
                         "%s: '%s' leads to cluster %u, not %u", tree->path, name,
                         first_cluster(&verify->files.fat, entry), wanted[i]);
    }
}

static void check_short_name(struct tree *tree, const uint8_t *entry, uint64_t offset)
{
    bool sound = entry[0] != ' ';
    for (uint32_t i = 0; i < FAT_SHORT_NAME_SIZE; i++) {
        bool japanese = i == 0 && entry[i] == 0x05; /* stands for E5, which would mean deleted */
        sound = sound && (japanese || entry[i] >= 0x80 ||
                          (entry[i] >= ' ' && strchr("\"*+,./:;<=>?[\\]|\x7f", entry[i]) == NULL &&
                           !(entry[i] >= 'a' && entry[i] <= 'z')));
    }
    if (!sound)
        findings_add(&tree->verify->findings, "directory entry", offset,
                     "of %s: its short name has letters that FAT "
                     "does not allow",
                     tree->path);
    if ((entry[11] & ATTRIBUTES_RESERVED) != 0)
        findings_add(&tree->verify->findings, "directory entry", offset + 11, "of %s: has attributes %#x", tree->path,
                     entry[11]);
}

/* Two entries of one name: which one the firmware takes is anybody's guess. */
static bool is_twin(const struct directory *directory, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        const uint8_t *entry = directory->entries + (uint64_t)i * FAT_ENTRY_SIZE;
        bool plain = entry[0] != DELETED && (entry[11] & FAT_ATTRIBUTE_VOLUME) == 0;
        if (plain && memcmp(entry, directory->entries + (uint64_t)index * FAT_ENTRY_SIZE, FAT_SHORT_NAME_SIZE) == 0)
            return true;
    }
    return false;
}

/* Each cluster is owned once and each directory adds two bytes to a path of limited length: so deep at most. */
/* NOLINTBEGIN(misc-no-recursion) */
static void check_entry(struct tree *tree, const struct directory *directory, uint32_t index,
                        const struct fat_long_name *long_name)
{
    struct fat *fat = &tree->verify->files.fat;
    const uint8_t *entry = directory->entries + (uint64_t)index * FAT_ENTRY_SIZE;
    uint64_t offset = entry_offset(directory, index);
    uint32_t first = first_cluster(fat, entry), size;
    size_t length = strlen(tree->path);
    char name[3 * FAT_NAME_MAX + 1];
    memcpy(&size, entry + 28, sizeof size);
    bool has_long = fat_long_name_finish(long_name, entry, name);
    if (!has_long)
        fat_short_name_text(entry, true, name);
    int added = snprintf(tree->path + length, sizeof tree->path - length, "%s%s", length == 1 ? "" : "/", name);
    if ((size_t)added >= sizeof tree->path - length) {
        findings_add(&tree->verify->findings, "directory entry", offset, "makes a path longer than %u bytes",
                     FAT_WALK_PATH_MAX);
    } else {
        if (long_name->parts != 0 && !has_long)
            findings_add(&tree->verify->findings, "directory entry", offset,
                         "of %s: the long name before it does not "
                         "belong to it",
                         tree->path);
        check_short_name(tree, entry, offset);
        if (is_twin(directory, index))
            findings_add(&tree->verify->findings, "directory entry", offset, "of %s: the name is there twice",
                         tree->path);
        if ((entry[11] & FAT_ATTRIBUTE_DIRECTORY) == 0)
            check_file(tree, first, size, offset);
        else if (!is_cluster(fat, first))
            findings_add(&tree->verify->findings, "directory entry", offset, "of %s: begins at cluster %u of %u",
                         tree->path, first, fat->cluster_count);
        else if (tree->owners[first] != NOBODY)
            findings_add(&tree->verify->findings, "directory entry", offset, "of %s: begins in a cluster of %s",
                         tree->path, tree->paths[tree->owners[first] - 1]);
        else
            check_directory(tree, first, directory->first_cluster);
        if ((entry[11] & FAT_ATTRIBUTE_DIRECTORY) != 0 && size != 0)
            findings_add(&tree->verify->findings, "directory entry", offset + 28, "of %s: a directory with a size, %u",
                         tree->path, size);
    }
    tree->path[length] = '\0';
}

static void check_entries(struct tree *tree, const struct directory *directory)
{
    struct fat_long_name name = {.parts = 0};
    bool root = tree->path[1] == '\0';
    uint32_t i = 0;
    if (!root)
        check_dots(tree, directory);
    for (i = root ? 0 : 2; i < directory->count; i++) {
        const uint8_t *entry = directory->entries + (uint64_t)i * FAT_ENTRY_SIZE;
        if (entry[0] == 0)
            return;
        bool is_long = (entry[11] & FAT_ATTRIBUTE_LONG_NAME) == FAT_ATTRIBUTE_LONG_NAME;
        if (entry[0] != DELETED && is_long) {
            fat_long_name_add(&name, entry);
            if (name.parts == 0)
                findings_add(&tree->verify->findings, "directory entry", entry_offset(directory, i),
                             "in %s: part of a long name without its beginning", tree->path);
            continue;
        }
        if (entry[0] != DELETED && (entry[11] & FAT_ATTRIBUTE_VOLUME) == 0)
            check_entry(tree, directory, i, &name);
        name.parts = name.expected = 0;
    }
}

static void check_directory(struct tree *tree, uint32_t first, uint32_t parent)
{
    const struct fat *fat = &tree->verify->files.fat;
    struct directory directory = {.first_cluster = first, .parent_cluster = parent};
    if (fat->bits == 32 && parent == fat->root_cluster)
        directory.parent_cluster = 0; /* ".." says so for the root, wherever that is */
    read_directory(tree, &directory);
    check_entries(tree, &directory);
    free(directory.entries);
    free(directory.offsets);
}
/* NOLINTEND(misc-no-recursion) */

void verify_tree(struct verify *verify)
{
    const struct fat *fat = &verify->files.fat;
    struct tree *tree = checked(calloc(1, sizeof *tree));
    tree->verify = verify;
    tree->owners = checked(calloc(fat->cluster_count + 2ull, sizeof *tree->owners));
    memcpy(tree->path, "/", sizeof "/");
    check_directory(tree, fat->bits == 32 ? fat->root_cluster : 0, 0);
    find_lost(tree);
    for (uint32_t i = 0; i < tree->path_count; i++)
        free(tree->paths[i]);
    free(tree->paths);
    free(tree->owners);
    free(tree);
}
