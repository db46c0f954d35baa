/* fat_sums IMAGE: reads a disk or a bare FAT volume with the loaders' readers and prints "CRC32 SIZE PATH" of every
 * file, for judge.py to compare with what other tools put there. */
#include "crc32.h"
#include "fat.h"
#include "host_block.h"
#include "partition.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (100u * 1000) /* no multiple of any cluster size */
#define DEPTH_MAX 40

static struct error error;

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, error.text);
    return 1;
}

static int print_file(struct fat_file *file, const char *path)
{
    static uint8_t bytes[CHUNK];
    uint32_t crc = 0;
    for (uint64_t at = 0; at < file->size; at += CHUNK) {
        uint64_t size = file->size - at < CHUNK ? file->size - at : CHUNK;
        if (fat_read(file, at, size, bytes, &error) != STATUS_OK)
            return fail(path);
        crc = crc32_add(crc, bytes, size);
    }
    printf("%08x %u %s\n", crc, file->size, path);
    return 0;
}

static int walk(struct fat_file *directory, const char *path, int depth)
{
    struct fat_entry entry;
    enum status status;
    uint64_t position = 0;
    while (fat_next(directory, &position, &entry, &status, &error)) {
        char *child;
        if (asprintf(&child, "%s/%s", path, entry.name) < 0)
            return 1;
        bool is_directory = (entry.file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0;
        int code = 0;
        if (!is_directory)
            code = print_file(&entry.file, child);
        else if (depth < DEPTH_MAX)
            code = walk(&entry.file, child, depth + 1);
        free(child);
        if (code != 0)
            return code;
    }
    return status == STATUS_OK ? 0 : fail(path);
}

int main(int argc, char **argv)
{
    static struct partition_table table;
    static struct fat fat;
    struct block disk;
    struct fat_file root;
    struct stat stat_image;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &stat_image) != 0) {
        fprintf(stderr, "usage: fat_sums IMAGE\n");
        return 2;
    }
    host_block_init(&disk, fd, (uint64_t)stat_image.st_size, 512);
    if (partition_read(&disk, &table, &error) != STATUS_OK)
        return fail("partitions");
    uint64_t start = 0, size = disk.size;
    for (uint32_t i = 0; i < table.count; i++)
        if (table.partitions[i].mbr_type == 0xef ||
            memcmp(table.partitions[i].type_guid, partition_guid_esp, sizeof partition_guid_esp) == 0) {
            start = table.partitions[i].first_lba * 512;
            size = (table.partitions[i].last_lba + 1) * 512 - start;
        }
    if (fat_mount(&fat, &disk, start, size, &error) != STATUS_OK || fat_open(&fat, "/", &root, &error) != STATUS_OK)
        return fail("volume");
    return walk(&root, "", 0);
}
