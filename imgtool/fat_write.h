/* Writes a planned FAT volume: boot sectors, tables and directories here, the files' bytes by the caller. */
#ifndef STAGECOACH_IMGTOOL_FAT_WRITE_H
#define STAGECOACH_IMGTOOL_FAT_WRITE_H

#include "fat_entry.h"
#include "fat_geometry.h"

struct fat_volume {
    const struct fat_tree *tree;
    const struct fat_geometry *geometry;
    uint64_t offset; /* of the volume in the image, bytes */
    uint32_t volume_id;
    struct fat_stamp stamp;
    const uint8_t *boot_code; /* boot_code.h: the volume is the whole disk; NULL: it lies in a partition */
};

/* The image reads as zeroes where nothing has been written yet. */
enum exit_code fat_write(const struct fat_volume *volume, int fd, const char *to);

#endif
