/* Of an image's files, those that a CD shows: all of the FAT volume, where they lie there. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_ISO_H
#define STAGECOACH_IMGTOOL_IMAGE_ISO_H

#include "image_write.h"

/* Names and order; where the files lie comes later. To be freed with iso_tree_free() in any case. */
enum exit_code image_iso_plan(const struct fat_tree *files, struct iso_tree *tree);

/* Writes descriptors, boot catalog and directories of plan->iso. */
enum exit_code image_iso_write(const struct image_plan *plan, int fd, const char *to);

#endif
