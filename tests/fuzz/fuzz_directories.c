/* imgtool's reader of all directories of a FAT volume, and the update that it is read for: a file is removed and
 * another added in a new directory. On the disk as it would be then, the loader's reader finds that, and else what it
 * found before; and the volume is one that an update takes. */
#include "fuzz.h"
#include "sparse_disk.h"

#include "../../imgtool/fat_commit.h"
#include "../../imgtool/fat_walk.h"

#include <stdarg.h>

#define FILES_MAX 200u /* volumes with more are left out */
#define NEW_PATH "/A new directory/a new file.text"

struct found_file {
    char path[1024];
    uint32_t first_cluster, size;
};

struct listing {
    struct found_file files[FILES_MAX];
    uint32_t count;
};

static struct sparse_disk disk;

/* Instead of failure.c, which would print it. */
enum exit_code failure(enum exit_code code, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    FUZZ_ASSERT(length > 10 && code != EXIT_OK && strncmp(text, "bug", 3) != 0);
    return code;
}

enum exit_code failure_memory(void)
{
    return EXIT_FAILED;
}

static enum status take(void *context, const char *path, const struct fat_entry *entry, struct error *error)
{
    struct listing *listing = context;
    struct found_file *file = &listing->files[listing->count];
    if ((entry->file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0)
        return STATUS_OK;
    if (listing->count == FILES_MAX || strlen(path) >= sizeof file->path)
        return error_set(error, STATUS_PATH_BAD, "more than this looks at");
    strcpy(file->path, path);
    file->first_cluster = entry->file.first_cluster;
    file->size = entry->file.size;
    listing->count++;
    return STATUS_OK;
}

/* The loader's reader's opinion. False: it refuses the volume, or it is too big for this. */
static bool list(struct block *block, struct listing *listing)
{
    static struct fat fat;
    struct fat_file root;
    struct error error;
    listing->count = 0;
    return fat_mount(&fat, block, 0, SPARSE_DISK_SIZE, &error) == STATUS_OK &&
           fat_open(&fat, "/", &root, &error) == STATUS_OK && fat_walk(&root, "/", take, listing, &error) == STATUS_OK;
}

static bool is_same(const struct found_file *a, const struct found_file *b)
{
    return a->first_cluster == b->first_cluster && a->size == b->size && strcmp(a->path, b->path) == 0;
}

/* Takes a file out of the listing: that which the loader opens under the path. */
static void strike(struct listing *listing, const struct fat_file *opened)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        struct found_file *file = &listing->files[i];
        if (file->first_cluster != opened->first_cluster || file->size != opened->size)
            continue;
        memmove(file, file + 1, (--listing->count - i) * sizeof *file);
        return;
    }
    FUZZ_ASSERT(!"the file that was opened is in the listing");
}

static void expect_same(const struct listing *a, const struct listing *b)
{
    FUZZ_ASSERT(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        uint32_t j = 0;
        while (j < b->count && !is_same(&a->files[i], &b->files[j]))
            j++;
        FUZZ_ASSERT(j < b->count);
    }
}

struct update {
    struct fat fat;
    struct fat_map map;
    struct fat_directories directories;
    struct changes changes, undo;
};

static void expect_result(struct update *update, struct listing *wanted, uint32_t new_cluster)
{
    static struct listing result;
    static struct fat fat;
    struct fat_file added;
    struct error error;
    struct changed_block changed;
    struct fat_map map = {0};
    struct fat_directories directories = {0};
    changed_block_init(&changed, &disk.block, &update->changes);
    FUZZ_ASSERT(list(&changed.block, &result));
    FUZZ_ASSERT(fat_mount(&fat, &changed.block, 0, SPARSE_DISK_SIZE, &error) == STATUS_OK);
    FUZZ_ASSERT(fat_open(&fat, NEW_PATH, &added, &error) == STATUS_OK);
    FUZZ_ASSERT(added.first_cluster == new_cluster && added.size == 1);
    strike(&result, &added);
    expect_same(wanted, &result);
    FUZZ_ASSERT(fat_map_load(&map, &fat) == EXIT_OK);
    FUZZ_ASSERT(fat_directories_load(&directories, &map, "volume") == EXIT_OK && map.lost == 0);
    fat_directories_free(&directories);
    fat_map_free(&map);
}

/* Removes what the loader finds under the path, unless it is a directory. */
static void remove_one(struct update *update, struct listing *listing, const char *path)
{
    bool done = false;
    struct fat_file opened;
    struct error error;
    if (fat_open(&update->fat, path, &opened, &error) != STATUS_OK)
        return; /* a name that no user can give */
    enum exit_code code = fat_directories_remove(&update->directories, path, &done);
    FUZZ_ASSERT((code == EXIT_OK && done) == ((opened.attributes & FAT_ATTRIBUTE_DIRECTORY) == 0));
    if (done)
        strike(listing, &opened);
}

/* The volume is sound: it is changed. */
static void change(struct update *update, struct listing *listing, uint8_t choice)
{
    uint32_t new_cluster;
    bool added = false;
    struct fat_file opened;
    struct error error;
    if (listing->count > 0)
        remove_one(update, listing, listing->files[choice % listing->count].path);
    if (fat_open(&update->fat, NEW_PATH, &opened, &error) == STATUS_OK ||
        fat_map_allocate(&update->map, 1, &new_cluster) != EXIT_OK ||
        fat_directories_put(&update->directories, NEW_PATH, new_cluster, 1, &added) != EXIT_OK)
        return;
    FUZZ_ASSERT(added);
    static const struct changes none;
    if (fat_commit_plan(&update->directories, &none, &update->changes, &update->undo) == EXIT_OK)
        expect_result(update, listing, new_cluster);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct listing listing;
    static struct update update;
    struct error error;
    sparse_disk_init(&disk, data, size);
    memset(&update, 0, sizeof update);
    if (fat_mount(&update.fat, &disk.block, 0, SPARSE_DISK_SIZE, &error) != STATUS_OK)
        return 0;
    update.directories.stamp = fat_stamp_make(1700000000);
    bool listed = list(&disk.block, &listing);
    if (fat_map_load(&update.map, &update.fat) == EXIT_OK &&
        fat_directories_load(&update.directories, &update.map, "volume") == EXIT_OK && listed)
        change(&update, &listing, size > 0 ? data[0] >> 2 : 0);
    changes_free(&update.changes);
    changes_free(&update.undo);
    fat_directories_free(&update.directories);
    fat_map_free(&update.map);
    return 0;
}
