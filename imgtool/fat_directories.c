#include "fat_directories.h"

#include "path.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_END 0x00u
#define DELETED 0xe5u

uint32_t fat_directories_cluster(const struct fat_directories *directories, const uint8_t *entry)
{
    uint32_t cluster = entry[26] | (uint32_t)entry[27] << 8;
    if (directories->map->fat->bits == 32) /* elsewhere other systems keep other things there */
        cluster |= (uint32_t)entry[20] << 16 | (uint32_t)entry[21] << 24;
    return cluster;
}

void fat_directories_set_cluster(const struct fat_directories *directories, uint8_t *entry, uint32_t cluster)
{
    fat_put16(entry + 26, cluster);
    if (directories->map->fat->bits == 32)
        fat_put16(entry + 20, cluster >> 16);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static enum status read_clusters(const struct fat_directories *directories, struct fat_directory *directory,
                                 struct error *error)
{
    const struct fat_map *map = directories->map;
    uint32_t cluster = directory->first_cluster, size = map->fat->cluster_size;
    enum status status = STATUS_OK;
    for (uint32_t at = 0; at < directory->size && status == STATUS_OK; at += size) {
        status = block_read(map->fat->block, fat_map_offset(map, cluster), size, directory->bytes + at, error);
        cluster = fat_map_next(map, cluster);
    }
    return status;
}

/* Reads a directory whose place in the list has its first cluster. */
static enum status read_directory(struct fat_directories *directories, struct fat_directory *directory,
                                  struct error *error)
{
    struct fat *fat = directories->map->fat;
    uint32_t clusters = 0;
    enum status status = STATUS_OK;
    directory->size = fat->root_entries * FAT_ENTRY_SIZE;
    if (directory->first_cluster != 0) {
        status = fat_map_own(directories->map, directory->first_cluster, &clusters, error);
        if (status == STATUS_OK && (uint64_t)clusters * fat->cluster_size > FAT_DIRECTORY_SIZE_MAX)
            status = error_set(error, STATUS_FAT_CHAIN, "a directory has %u clusters", clusters);
        if (status != STATUS_OK)
            return status;
        directory->size = clusters * fat->cluster_size;
    }
    directory->size_before = directory->size;
    directory->bytes = malloc(directory->size + 1u);
    directory->before = malloc(directory->size + 1u);
    if (directory->bytes == NULL || directory->before == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    if (directory->first_cluster != 0)
        status = read_clusters(directories, directory, error);
    else
        status = block_read(fat->block, fat->start + fat->root_offset, directory->size, directory->bytes, error);
    memcpy(directory->before, directory->bytes, directory->size);
    return status;
}

static struct fat_directory *add_directory(struct fat_directories *directories, uint32_t parent, uint32_t entry,
                                           uint32_t first_cluster)
{
    struct fat_directory *list = reallocarray(directories->list, directories->count + 1u, sizeof *list);
    if (list == NULL)
        return NULL;
    directories->list = list;
    struct fat_directory *directory = &list[directories->count++];
    *directory = (struct fat_directory){.parent = parent, .entry = entry, .first_cluster = first_cluster};
    if (directories->count > 1)
        directory->depth = list[parent].depth + 1;
    return directory;
}

static bool is_dots(const uint8_t *entry)
{
    return memcmp(entry, ".          ", FAT_SHORT_NAME_SIZE) == 0 ||
           memcmp(entry, "..         ", FAT_SHORT_NAME_SIZE) == 0;
}

static enum status own_file(struct fat_directories *directories, const uint8_t *entry, struct error *error)
{
    const struct fat *fat = directories->map->fat;
    uint32_t first = fat_directories_cluster(directories, entry), count = 0, size;
    memcpy(&size, entry + 28, sizeof size);
    uint64_t needed = ((uint64_t)size + fat->cluster_size - 1) / fat->cluster_size;
    if (first == 0 && size == 0)
        return STATUS_OK;
    enum status status = fat_map_own(directories->map, first, &count, error);
    if (status == STATUS_OK && count != needed)
        status = error_set(error, STATUS_FAT_CHAIN, "a file of %u bytes has %u clusters", size, count);
    return status;
}

/* What an entry owns. Its directories are read later, from the list. */
static enum status take_entry(struct fat_directories *directories, uint32_t parent, uint32_t index, struct error *error)
{
    const uint8_t *entry = directories->list[parent].bytes + (uint64_t)index * FAT_ENTRY_SIZE;
    if (entry[0] == DELETED || (entry[11] & FAT_ATTRIBUTE_VOLUME) != 0 || is_dots(entry))
        return STATUS_OK;
    enum status status = STATUS_OK;
    uint32_t first = fat_directories_cluster(directories, entry);
    if ((entry[11] & FAT_ATTRIBUTE_DIRECTORY) == 0)
        status = own_file(directories, entry, error);
    else if (first == 0)
        status = error_set(error, STATUS_FAT_CHAIN, "a directory has no cluster");
    else if (add_directory(directories, parent, index, first) == NULL)
        status = error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    if (status != STATUS_OK)
        return error_prefix(error, "'%.11s' (entry %u of its directory)",
                            (const char *)directories->list[parent].bytes + (uint64_t)index * FAT_ENTRY_SIZE, index);
    return STATUS_OK;
}

static enum status read_all(struct fat_directories *directories, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < directories->count && status == STATUS_OK; i++) {
        status = read_directory(directories, &directories->list[i], error);
        for (uint32_t j = 0; status == STATUS_OK && j < directories->list[i].size / FAT_ENTRY_SIZE; j++) {
            if (directories->list[i].bytes[(uint64_t)j * FAT_ENTRY_SIZE] == ENTRY_END)
                break;
            status = take_entry(directories, i, j, error);
        }
    }
    return status;
}

enum exit_code fat_directories_load(struct fat_directories *directories, struct fat_map *map, const char *name)
{
    struct error error;
    directories->map = map;
    if (add_directory(directories, FAT_DIRECTORIES_ROOT, 0, map->fat->root_cluster) == NULL)
        return failure_memory();
    if (read_all(directories, &error) != STATUS_OK)
        return failure(error.status == STATUS_READ_ERROR ? EXIT_IO : EXIT_INPUT_REJECTED,
                       "%s: the boot volume is damaged: %s; 'imgtool verify' says where, 'fsck.fat' repairs it", name,
                       error.text);
    fat_map_count(map);
    return EXIT_OK;
}

void fat_directories_free(struct fat_directories *directories)
{
    for (uint32_t i = 0; i < directories->count; i++) {
        free(directories->list[i].before);
        free(directories->list[i].bytes);
    }
    free(directories->list);
    *directories = (struct fat_directories){0};
}

/* --- names -------------------------------------------------------------------------------------------------------- */

struct place {      /* of a name in a directory */
    uint32_t first; /* of its long name's entries, or the entry itself */
    uint32_t entry; /* the short one */
};

/* By the loader's rule: the long name or the short one, upper and lower case alike. */
static bool answers_to(const uint8_t *entry, const struct fat_long_name *long_name, const char *name, size_t size)
{
    char text[3 * FAT_NAME_MAX + 1], short_text[13];
    if (!fat_long_name_finish(long_name, entry, text))
        fat_short_name_text(entry, true, text);
    fat_short_name_text(entry, false, short_text);
    return path_names_equal(text, strlen(text), name, size) ||
           path_names_equal(short_text, strlen(short_text), name, size);
}

static bool find(const struct fat_directory *directory, const char *name, size_t size, struct place *place)
{
    struct fat_long_name long_name = {.parts = 0};
    uint32_t first = 0;
    for (uint32_t i = 0; i < directory->size / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = directory->bytes + (uint64_t)i * FAT_ENTRY_SIZE;
        if (entry[0] == ENTRY_END)
            return false;
        if (entry[0] != DELETED && (entry[11] & FAT_ATTRIBUTE_LONG_NAME) == FAT_ATTRIBUTE_LONG_NAME) {
            if ((entry[0] & FAT_LONG_LAST) != 0)
                first = i;
            fat_long_name_add(&long_name, entry);
            continue;
        }
        bool named =
            entry[0] != DELETED && entry[0] != ' ' && (entry[11] & FAT_ATTRIBUTE_VOLUME) == 0 && !is_dots(entry);
        if (named && answers_to(entry, &long_name, name, size)) {
            *place = (struct place){long_name.parts != 0 ? first : i, i};
            return true;
        }
        long_name.parts = long_name.expected = 0;
    }
    return false;
}

static bool find_child(const struct fat_directories *directories, uint32_t parent, uint32_t entry, uint32_t *child)
{
    for (uint32_t i = 1; i < directories->count; i++) {
        if (directories->list[i].parent == parent && directories->list[i].entry == entry) {
            *child = i;
            return true;
        }
    }
    return false;
}

static bool short_name_taken(const void *context, const uint8_t name[FAT_SHORT_NAME_SIZE])
{
    const struct fat_directory *directory = context;
    for (uint32_t i = 0; i < directory->size / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = directory->bytes + (uint64_t)i * FAT_ENTRY_SIZE;
        if (entry[0] == ENTRY_END)
            break;
        if (memcmp(entry, name, FAT_SHORT_NAME_SIZE) == 0 && (entry[11] & FAT_ATTRIBUTE_VOLUME) == 0)
            return true;
    }
    return false;
}

/* --- new entries -------------------------------------------------------------------------------------------------- */

#define SECTOR_ENTRIES (512u / FAT_ENTRY_SIZE)

/* A sector that changes anyway. */
static bool is_changed(const struct fat_directory *directory, uint32_t entry)
{
    uint64_t at = (uint64_t)entry / SECTOR_ENTRIES * 512;
    return at < directory->size_before && memcmp(directory->bytes + at, directory->before + at, 512) != 0;
}

/* How good a run is: all changes of an update in one sector are best, for one sector is written at once or not at all.
 */
static unsigned rate(const struct fat_directory *directory, uint32_t first, uint32_t count)
{
    if (first / SECTOR_ENTRIES != (first + count - 1) / SECTOR_ENTRIES)
        return 1;
    return is_changed(directory, first) ? 3 : 2;
}

/* Free entries for a name: deleted ones, or those at the directory's end (but no gap before them). */
static bool find_room(const struct fat_directory *directory, uint32_t count, uint32_t *first)
{
    uint32_t length = 0, total = directory->size / FAT_ENTRY_SIZE;
    unsigned best = 0;
    bool ended = false;
    for (uint32_t i = 0; i < total; i++) {
        uint8_t mark = directory->bytes[(uint64_t)i * FAT_ENTRY_SIZE];
        length = ended || mark == DELETED || mark == ENTRY_END ? length + 1 : 0;
        ended = ended || mark == ENTRY_END;
        if (length < count)
            continue;
        unsigned value = rate(directory, i + 1 - count, count);
        if (value > best) {
            best = value;
            *first = i + 1 - count;
        }
        if (ended)
            break;
    }
    return best > 0;
}

static enum exit_code grow(struct fat_directories *directories, struct fat_directory *directory, const char *path)
{
    uint32_t step = directories->map->fat->cluster_size;
    bool fixed = directory->first_cluster == 0 && !directory->fresh;
    if (fixed || directory->size + step > FAT_DIRECTORY_SIZE_MAX)
        return failure(EXIT_IO, "%s: its directory is full; remove files with --remove", path);
    uint8_t *bytes = realloc(directory->bytes, directory->size + step);
    if (bytes == NULL)
        return failure_memory();
    memset(bytes + directory->size, 0, step);
    directory->bytes = bytes;
    directory->size += step;
    return EXIT_OK;
}

/* What stands behind the end mark may be anything; a name put there moves the mark. */
static void put_node(struct fat_directory *directory, uint32_t first, const struct fat_node *node,
                     const uint8_t entry[FAT_ENTRY_SIZE])
{
    uint32_t count = fat_node_entries(node), total = directory->size / FAT_ENTRY_SIZE, end = 0;
    while (end < total && directory->bytes[(uint64_t)end * FAT_ENTRY_SIZE] != ENTRY_END)
        end++;
    if (first + count > end && first + count < total)
        memset(directory->bytes + (uint64_t)(first + count) * FAT_ENTRY_SIZE, 0,
               (uint64_t)(total - first - count) * FAT_ENTRY_SIZE);
    memcpy(fat_entry_put_long(node, directory->bytes + (uint64_t)first * FAT_ENTRY_SIZE), entry, FAT_ENTRY_SIZE);
}

/* Adds a name; *index is the short entry's. */
static enum exit_code add_entry(struct fat_directories *directories, uint32_t parent, const char *path,
                                const char *name, size_t size, const uint8_t *like, uint32_t *index)
{
    struct fat_directory *directory = &directories->list[parent];
    struct fat_node *node = calloc(1, sizeof *node);
    uint32_t first = 0;
    if (node == NULL || (node->name = strndup(name, size)) == NULL) {
        free(node);
        return failure_memory();
    }
    enum exit_code code = fat_node_name(node, short_name_taken, directory);
    while (code == EXIT_OK && !find_room(directory, fat_node_entries(node), &first))
        code = grow(directories, directory, path);
    if (code == EXIT_OK) {
        uint8_t entry[FAT_ENTRY_SIZE];
        memcpy(entry, like, sizeof entry);
        memcpy(entry, node->short_name, FAT_SHORT_NAME_SIZE);
        put_node(directory, first, node, entry);
        *index = first + fat_node_entries(node) - 1;
    }
    free(node->name);
    free(node);
    return code;
}

static enum exit_code make_directory(struct fat_directories *directories, uint32_t parent, const char *path,
                                     const char *name, size_t size, uint32_t *child)
{
    static const uint8_t no_name[FAT_SHORT_NAME_SIZE];
    uint8_t entry[FAT_ENTRY_SIZE];
    uint32_t index, step = directories->map->fat->cluster_size;
    fat_entry_put(&directories->stamp, no_name, FAT_ATTRIBUTE_DIRECTORY, 0, 0, entry);
    enum exit_code code = add_entry(directories, parent, path, name, size, entry, &index);
    if (code != EXIT_OK)
        return code;
    *child = directories->count;
    struct fat_directory *directory = add_directory(directories, parent, index, 0);
    if (directory == NULL)
        return failure_memory();
    directory->fresh = true;
    directory->bytes = calloc(1, step);
    directory->size = step;
    if (directory->bytes == NULL)
        return failure_memory();
    fat_entry_put(&directories->stamp, (const uint8_t *)".          ", FAT_ATTRIBUTE_DIRECTORY, 0, 0, directory->bytes);
    fat_entry_put(&directories->stamp, (const uint8_t *)"..         ", FAT_ATTRIBUTE_DIRECTORY, 0, 0,
                  directory->bytes + FAT_ENTRY_SIZE);
    return EXIT_OK;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* Goes to the directory that `path` is in. *name: its last part. A directory that is missing is made, or (not `make`)
 * *found turns false. */
static enum exit_code enter(struct fat_directories *directories, const char *path, bool make, uint32_t *at,
                            const char **name, bool *found)
{
    *at = FAT_DIRECTORIES_ROOT;
    *found = true;
    for (*name = path + 1;;) {
        size_t size = strcspn(*name, "/");
        struct place place;
        uint32_t child = 0;
        enum exit_code code = EXIT_OK;
        if ((*name)[size] == '\0')
            return EXIT_OK;
        *found = find(&directories->list[*at], *name, size, &place);
        if (!*found && !make)
            return EXIT_OK;
        if (!*found)
            code = make_directory(directories, *at, path, *name, size, &child);
        else if (!find_child(directories, *at, place.entry, &child))
            code = failure(EXIT_INPUT_REJECTED, "%s: %.*s is a file there, not a directory", path,
                           (int)(*name + size - path), path);
        if (code != EXIT_OK)
            return code;
        *at = child;
        *name += size + 1;
    }
}

static void release(struct fat_directories *directories, const uint8_t *entry)
{
    uint32_t first = fat_directories_cluster(directories, entry);
    if (first != 0)
        fat_map_release(directories->map, first);
}

enum exit_code fat_directories_put(struct fat_directories *directories, const char *path, uint32_t first_cluster,
                                   uint32_t size, bool *added)
{
    uint32_t at, index;
    const char *name;
    struct place place;
    uint8_t new_entry[FAT_ENTRY_SIZE];
    static const uint8_t no_name[FAT_SHORT_NAME_SIZE];
    bool found;
    enum exit_code code = enter(directories, path, true, &at, &name, &found);
    if (code != EXIT_OK)
        return code;
    *added = !find(&directories->list[at], name, strlen(name), &place);
    if (*added) {
        fat_entry_put(&directories->stamp, no_name, FAT_ATTRIBUTE_ARCHIVE, first_cluster, size, new_entry);
        return add_entry(directories, at, path, name, strlen(name), new_entry, &index);
    }
    uint8_t *entry = directories->list[at].bytes + (uint64_t)place.entry * FAT_ENTRY_SIZE;
    if ((entry[11] & FAT_ATTRIBUTE_DIRECTORY) != 0)
        return failure(EXIT_INPUT_REJECTED, "%s: is a directory there", path);
    release(directories, entry);
    fat_directories_set_cluster(directories, entry, first_cluster);
    entry[11] |= FAT_ATTRIBUTE_ARCHIVE;
    fat_put16(entry + 18, directories->stamp.date);
    fat_put16(entry + 22, directories->stamp.time);
    fat_put16(entry + 24, directories->stamp.date);
    fat_put32(entry + 28, size);
    return EXIT_OK;
}

enum exit_code fat_directories_remove(struct fat_directories *directories, const char *path, bool *removed)
{
    uint32_t at;
    const char *name;
    struct place place;
    enum exit_code code = enter(directories, path, false, &at, &name, removed);
    struct fat_directory *directory = &directories->list[at];
    *removed = code == EXIT_OK && *removed && find(directory, name, strlen(name), &place);
    if (!*removed)
        return code;
    const uint8_t *entry = directory->bytes + (uint64_t)place.entry * FAT_ENTRY_SIZE;
    if ((entry[11] & FAT_ATTRIBUTE_DIRECTORY) != 0)
        return failure(EXIT_INPUT_REJECTED, "%s: is a directory; only files can be removed", path);
    release(directories, entry);
    for (uint32_t i = place.first; i <= place.entry; i++)
        directory->bytes[(uint64_t)i * FAT_ENTRY_SIZE] = DELETED;
    return EXIT_OK;
}
