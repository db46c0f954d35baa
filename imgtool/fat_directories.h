/* All directories of a FAT volume in memory, to be changed there. What the changes need on the disk is fat_commit.h's.
 */
#ifndef STAGECOACH_IMGTOOL_FAT_DIRECTORIES_H
#define STAGECOACH_IMGTOOL_FAT_DIRECTORIES_H

#include "fat_entry.h"
#include "fat_map.h"

#define FAT_DIRECTORIES_ROOT 0u

struct fat_directory {
    uint32_t parent;         /* index in the list; the root is its own */
    uint32_t entry;          /* which of the parent's entries is its own; of no meaning for the root */
    uint32_t depth;          /* the root's is 0 */
    uint32_t first_cluster;  /* 0: the fixed root of FAT12 and FAT16, or not allocated yet */
    uint8_t *before, *bytes; /* as it is, as it will be; owned */
    uint32_t size_before, size;
    bool fresh; /* lies in clusters that nobody reads yet */
};

struct fat_directories {
    struct fat_map *map;
    struct fat_directory *list; /* parents stand before their children */
    uint32_t count;
    struct fat_stamp stamp; /* for entries that change */
};

/* Reads all directories, and marks in the map what they and the files own. A volume that is damaged beyond lost
 * clusters is EXIT_INPUT_REJECTED; `name` is the image's. */
enum exit_code fat_directories_load(struct fat_directories *directories, struct fat_map *map, const char *name);
void fat_directories_free(struct fat_directories *directories);

/* Lets `path` be a file of these clusters and this size: its old clusters are released, or it is added, with the
 * directories on the way to it. *added tells which. */
enum exit_code fat_directories_put(struct fat_directories *directories, const char *path, uint32_t first_cluster,
                                   uint32_t size, bool *added);

/* Removes a file and releases its clusters; *removed: it was there. */
enum exit_code fat_directories_remove(struct fat_directories *directories, const char *path, bool *removed);

/* The first cluster of an entry, read and set. */
uint32_t fat_directories_cluster(const struct fat_directories *directories, const uint8_t *entry);
void fat_directories_set_cluster(const struct fat_directories *directories, uint8_t *entry, uint32_t cluster);

#endif
