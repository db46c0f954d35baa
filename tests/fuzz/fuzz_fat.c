/* A FAT volume on a sparse disk: walks the directories, opens what they name, reads the files. Every operation ends
 * after a number of reads that the volume's size bounds. */
#include "fuzz.h"
#include "sparse_disk.h"

#include "fat.h"
#include "path.h"
#include "utf.h"

#define DEPTH_MAX 3
#define ENTRIES_MAX 300u /* looked at in all: a hostile tree has no end */
#define DIRECTORY_READS_MAX (2u * FAT_DIRECTORY_SIZE_MAX / 512)

static struct sparse_disk disk;
static struct fat fat;
static uint32_t entries_left;

static void expect_status(enum status status, const struct error *error)
{
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, error);
}

static void check_name(const char *name)
{
    const char *end = name + strlen(name);
    FUZZ_ASSERT(strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strchr(name, '/') == NULL);
    while (name < end) {
        uint32_t character;
        FUZZ_ASSERT(utf8_take(&name, end, &character));
    }
}

/* The chain costs a read for each window, the data one for each cluster at most. */
static void read_part(struct fat_file *file, uint64_t offset, uint64_t size)
{
    static uint8_t bytes[65536];
    struct error error;
    uint64_t before = disk.reads;
    expect_status(fat_read(file, offset, size, bytes, &error), &error);
    FUZZ_ASSERT(disk.reads - before <= fat.cluster_count + size / 512 + 2ull);
}

static void read_file(struct fat_file *file)
{
    uint64_t size = file->size < 65536 ? file->size : 65536;
    read_part(file, 0, size);
    read_part(file, file->size / 2, size / 2);
    if (file->size > 0)
        read_part(file, file->size - 1, 1);
}

static void walk(struct fat_file *directory, const char *path, int depth)
{
    struct fat_entry entry;
    struct error error;
    enum status status;
    uint64_t position = 0, before = disk.reads;
    while (entries_left > 0 && fat_next(directory, &position, &entry, &status, &error)) {
        char child[4096];
        struct fat_file found;
        entries_left--;
        check_name(entry.name);
        check_name(entry.short_name);
        snprintf(child, sizeof child, "%s/%s", path, entry.name);
        if (path_check(child, strlen(child), &error) == STATUS_OK)
            FUZZ_ASSERT(fat_open(&fat, child, &found, &error) != STATUS_FILE_NOT_FOUND || depth > 0);
        if ((entry.file.attributes & FAT_ATTRIBUTE_DIRECTORY) == 0)
            read_file(&entry.file);
        else if (depth < DEPTH_MAX)
            walk(&entry.file, child, depth + 1);
        before = disk.reads; /* fat_next() alone is bounded below */
    }
    FUZZ_ASSERT(disk.reads - before <= DIRECTORY_READS_MAX);
    if (entries_left > 0)
        expect_status(status, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error;
    struct fat_file root;
    sparse_disk_init(&disk, data, size);
    enum status status = fat_mount(&fat, &disk.block, 0, SPARSE_DISK_SIZE, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    FUZZ_ASSERT(fat.data_offset + (uint64_t)fat.cluster_count * fat.cluster_size <= SPARSE_DISK_SIZE);
    entries_left = ENTRIES_MAX;
    FUZZ_ASSERT(fat_open(&fat, "/", &root, &error) == STATUS_OK);
    walk(&root, "", 0);
    return 0;
}
