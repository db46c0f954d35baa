/* Visits everything below a directory of a FAT volume, each directory once, whatever a damaged volume says. */
#ifndef STAGECOACH_IMGTOOL_FAT_WALK_H
#define STAGECOACH_IMGTOOL_FAT_WALK_H

#include "fat.h"

#define FAT_WALK_PATH_MAX 4096u

/* Called for every file and, before what is in it, every directory; `path` is absolute. Any other status ends the walk. */
typedef enum status fat_walk_visit(void *context, const char *path, const struct fat_entry *entry, struct error *error);

/* `path` is the directory's own. STATUS_FAT_CHAIN if two directories share their clusters. */
enum status fat_walk(const struct fat_file *directory, const char *path, fat_walk_visit *visit, void *context,
                     struct error *error);

#endif
