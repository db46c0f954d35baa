#include "fat.h"

#include "checked.h"
#include "fat_name.h"
#include "memory.h"
#include "path.h"
#include "text.h"

#define ENTRY_END 0x00u
#define ENTRY_DELETED 0xe5u

static bool is_root(const struct fat_file *directory)
{
    return directory->entry_offset == 0;
}

/* Where on the volume the entry at `position` of a directory lies; 0: the directory has ended. */
static enum status find_entry(struct fat_file *directory, uint64_t position, uint64_t *offset, struct error *error)
{
    struct fat *fat = directory->fat;
    *offset = 0;
    if (is_root(directory) && fat->bits != 32) {
        if (position < (uint64_t)fat->root_entries * FAT_ENTRY_SIZE)
            *offset = fat->root_offset + position;
        return STATUS_OK;
    }
    uint32_t cluster;
    enum status status = fat_file_cluster(directory, (uint32_t)(position / fat->cluster_size), &cluster, error);
    if (status != STATUS_OK || cluster == 0)
        return status;
    if (position >= FAT_DIRECTORY_SIZE_MAX)
        return error_set(error, STATUS_FAT_CHAIN, "FAT: a directory has no end after 65536 entries");
    *offset = fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_size + position % fat->cluster_size;
    return STATUS_OK;
}

/* Directory entries are read a window at a time: one by one they would cost a firmware call each. */
static enum status read_entry(struct fat *fat, uint64_t offset, uint8_t entry[FAT_ENTRY_SIZE], struct error *error)
{
    uint64_t window = align_down(offset, FAT_WINDOW_SIZE);
    if (fat->entries_offset != window) {
        uint64_t left = fat->size - window;
        fat->entries_offset = UINT64_MAX;
        enum status status = block_read(fat->block, fat->start + window,
                                        left < FAT_WINDOW_SIZE ? left : FAT_WINDOW_SIZE, fat->entries, error);
        if (status != STATUS_OK)
            return status;
        fat->entries_offset = window;
    }
    memcpy(entry, fat->entries + (offset - window), FAT_ENTRY_SIZE);
    return STATUS_OK;
}

/* Nothing that has a name: labels, "." and "..", and entries that no system writes. */
static bool is_nameless(const uint8_t entry[FAT_ENTRY_SIZE])
{
    if (entry[0] == ENTRY_DELETED || entry[0] == ' ' || (entry[11] & FAT_ATTRIBUTE_VOLUME) != 0)
        return true;
    return memcmp(entry, ".          ", FAT_SHORT_NAME_SIZE) == 0 ||
           memcmp(entry, "..         ", FAT_SHORT_NAME_SIZE) == 0;
}

static void fill_file(struct fat *fat, const uint8_t entry[FAT_ENTRY_SIZE], uint64_t offset, struct fat_file *file)
{
    *file = (struct fat_file){
        .fat = fat,
        .first_cluster = entry[26] | (uint32_t)entry[27] << 8,
        .size = entry[28] | (uint32_t)entry[29] << 8 | (uint32_t)entry[30] << 16 | (uint32_t)entry[31] << 24,
        .attributes = entry[11],
        .entry_offset = offset,
    };
    if (fat->bits == 32) /* elsewhere other systems keep other things there */
        file->first_cluster |= (uint32_t)entry[20] << 16 | (uint32_t)entry[21] << 24;
}

static void fill_entry(struct fat *fat, const uint8_t *bytes, uint64_t offset, const struct fat_long_name *name,
                       struct fat_entry *entry)
{
    fill_file(fat, bytes, offset, &entry->file);
    fat_short_name_text(bytes, false, entry->short_name);
    if (!fat_long_name_finish(name, bytes, entry->name))
        fat_short_name_text(bytes, true, entry->name);
}

bool fat_next(struct fat_file *directory, uint64_t *position, struct fat_entry *entry, enum status *status,
              struct error *error)
{
    struct fat_long_name name;
    name.parts = name.expected = 0;
    for (;; *position += FAT_ENTRY_SIZE) {
        uint8_t bytes[FAT_ENTRY_SIZE];
        uint64_t offset;
        *status = find_entry(directory, *position, &offset, error);
        if (*status != STATUS_OK || offset == 0)
            return false;
        *status = read_entry(directory->fat, offset, bytes, error);
        if (*status != STATUS_OK || bytes[0] == ENTRY_END)
            return false;
        bool is_long = (bytes[11] & FAT_ATTRIBUTE_LONG_NAME) == FAT_ATTRIBUTE_LONG_NAME;
        if (bytes[0] != ENTRY_DELETED && is_long) {
            fat_long_name_add(&name, bytes);
        } else if (is_nameless(bytes)) {
            name.parts = name.expected = 0;
        } else {
            *position += FAT_ENTRY_SIZE;
            fill_entry(directory->fat, bytes, offset, &name, entry);
            return true;
        }
    }
}

/* Replaces *file, a directory, by what it has under `name`. */
static enum status open_in(struct fat_file *file, const char *name, uint64_t size, struct error *error)
{
    uint64_t position = 0;
    struct fat_entry entry;
    enum status status;
    if ((file->attributes & FAT_ATTRIBUTE_DIRECTORY) == 0)
        return error_set(error, STATUS_FILE_NOT_FOUND, "'%.*s': what precedes it is not a directory", (int)size, name);
    while (fat_next(file, &position, &entry, &status, error)) {
        if (path_names_equal(entry.name, text_length(entry.name), name, size) ||
            path_names_equal(entry.short_name, text_length(entry.short_name), name, size)) {
            *file = entry.file;
            return STATUS_OK;
        }
    }
    if (status != STATUS_OK)
        return status;
    return error_set(error, STATUS_FILE_NOT_FOUND, "no such file or directory: '%.*s'", (int)size, name);
}

enum status fat_open(struct fat *fat, const char *path, struct fat_file *file, struct error *error)
{
    struct fat_file found = {.fat = fat, .first_cluster = fat->root_cluster, .attributes = FAT_ATTRIBUTE_DIRECTORY};
    const char *end = path + text_length(path), *part = path;
    enum status status = path_check(path, (uint64_t)(end - path), error);
    while (status == STATUS_OK && part + 1 < end) {
        const char *name = part + 1;
        for (part = name; part < end && *part != '/'; part++)
            ;
        status = open_in(&found, name, (uint64_t)(part - name), error);
    }
    if (status != STATUS_OK)
        return error_prefix(error, "%s", path);
    *file = found;
    return STATUS_OK;
}
