/* Writes a planned image, and reads it again the way the loaders will. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_WRITE_H
#define STAGECOACH_IMGTOOL_IMAGE_WRITE_H

#include "fat_write.h"
#include "ids.h"
#include "image_content.h"
#include "layout.h"

struct image_plan {
    struct layout layout;
    struct fat_geometry geometry;
    struct ids ids;
    struct fat_stamp stamp;
    const struct image_content *content;
};

/* `fd` has the image's size and reads as zeroes; `to` is its name for messages. */
enum exit_code image_write(const struct image_plan *plan, int fd, const char *to);

/* Opens the finished image with the loaders' readers: every file must be there with its size. */
enum exit_code image_check(const struct image_plan *plan, int fd, const char *to);

#endif
