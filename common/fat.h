/* FAT12, FAT16 and FAT32, read only: type by cluster count alone; subdirectories, long and short names (compared
 * without case), fragmented files. Microsoft FAT specification 1.03. Every chain walk is bounded by the cluster count;
 * FAT sectors may have another size than the disk's. */
#ifndef STAGECOACH_FAT_H
#define STAGECOACH_FAT_H

#include "block.h"

#include <stdbool.h>

#define FAT_WINDOW_SIZE 4096u
#define FAT_NAME_MAX 255 /* UTF-16 units of a long name */
#define FAT_ENTRY_SIZE 32u
#define FAT_DIRECTORY_SIZE_MAX (65536u * FAT_ENTRY_SIZE)
#define FAT12_CLUSTERS_MAX 4084u
#define FAT16_CLUSTERS_MAX 65524u
#define FAT32_CLUSTERS_MAX 0x0ffffff5u

struct fat {
    struct block *block;
    uint64_t start;         /* byte offset of the volume on the block device */
    uint32_t bits;          /* 12, 16 or 32 */
    uint32_t sector_size;   /* bytes per FAT sector */
    uint32_t cluster_size;  /* bytes */
    uint32_t cluster_count; /* data clusters; valid numbers are 2 .. cluster_count + 1 */
    uint64_t fat_offset;    /* of the active FAT, bytes from the volume's start */
    uint64_t fat_size;      /* bytes of one FAT */
    uint64_t root_offset;   /* FAT12/16: fixed root directory; else 0 */
    uint32_t root_entries;  /* FAT12/16 */
    uint32_t root_cluster;  /* FAT32 */
    uint64_t data_offset;   /* of cluster 2 */
    uint64_t size;          /* bytes of the volume */
    uint32_t volume_id;
    uint64_t window_offset; /* what the window holds, bytes from fat_offset; UINT64_MAX: nothing */
    uint8_t window[FAT_WINDOW_SIZE];
    uint64_t entries_offset; /* the same for directory entries, bytes from the volume's start */
    uint8_t entries[FAT_WINDOW_SIZE];
};

struct fat_file {
    struct fat *fat;
    uint32_t first_cluster;
    uint32_t size;         /* bytes */
    uint32_t attributes;   /* FAT_ATTRIBUTE_* */
    uint32_t cursor_index; /* cluster number `cursor_cluster` is the cursor_index-th of the chain */
    uint32_t cursor_cluster;
    uint64_t entry_offset; /* of the short directory entry, bytes from the volume's start; 0: the root directory */
};

#define FAT_ATTRIBUTE_LONG_NAME 0x0fu /* all of the lowest four bits */
#define FAT_ATTRIBUTE_VOLUME 0x08u
#define FAT_ATTRIBUTE_DIRECTORY 0x10u

/* Mounts the volume of `size` bytes at `start`. */
enum status fat_mount(struct fat *fat, struct block *block, uint64_t start, uint64_t size, struct error *error);

/* Opens a file or directory by absolute path ("/boot/kernel.elf"); "/" is the root directory. Rules: path.h. */
enum status fat_open(struct fat *fat, const char *path, struct fat_file *file, struct error *error);

/* Reads exactly [offset, offset + size) of a regular file, merging neighbouring clusters into one block_read each. */
enum status fat_read(struct fat_file *file, uint64_t offset, uint64_t size, void *to, struct error *error);

struct fat_entry {
    struct fat_file file;
    char name[3 * FAT_NAME_MAX + 1]; /* UTF-8; the long name if there is a valid one, else the short one */
    char short_name[13];
};

/* Lists a directory: *position starts at 0; false at the end. Volume labels, "." and ".." are left out. An error ends
 * the listing: *status tells. */
bool fat_next(struct fat_file *directory, uint64_t *position, struct fat_entry *entry, enum status *status,
              struct error *error);

/* The cluster after `cluster`; 0 at the end of the chain. Values out of range are STATUS_FAT_CHAIN. */
enum status fat_chain_next(struct fat *fat, uint32_t cluster, uint32_t *next, struct error *error);

/* The index-th cluster of a file or directory; 0: its chain is shorter. Goes on from where the last call stopped. */
enum status fat_file_cluster(struct fat_file *file, uint32_t index, uint32_t *cluster, struct error *error);

#endif
