/* Writes a planned image, and reads it again the way the loaders will. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_WRITE_H
#define STAGECOACH_IMGTOOL_IMAGE_WRITE_H

#include "fat_write.h"
#include "ids.h"
#include "image_content.h"
#include "image_partition.h"
#include "iso_tree.h"
#include "layout.h"

struct image_plan {
    struct layout layout;
    struct fat_geometry geometry;
    struct ids ids;
    struct fat_stamp stamp;
    int64_t time;         /* the same, in seconds since 1970 */
    struct iso_tree *iso; /* NULL: the image is no CD */
    const struct image_content *content;
    const struct image_partition *partitions; /* further ones, as many as the layout has */
    struct partition_type volume_type;        /* of the FAT volume */
    bool uefi;                                /* it has the UEFI loader */
    uint32_t protective_slot;                 /* GPT: which of the MBR's entries, 1 to 4, covers the disk */
    bool protective_active;
};

/* `fd` has the image's size and reads as zeroes; `to` is its name for messages. */
enum exit_code image_write(const struct image_plan *plan, int fd, const char *to);

/* Opens the finished image with the loaders' readers: every file must be there with its size. */
enum exit_code image_check(const struct image_plan *plan, int fd, const char *to);

#endif
