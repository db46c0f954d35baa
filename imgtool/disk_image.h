/* An image, or a device, that commands look into without changing it. */
#ifndef STAGECOACH_IMGTOOL_DISK_IMAGE_H
#define STAGECOACH_IMGTOOL_DISK_IMAGE_H

#include "block.h"
#include "failure.h"
#include "fat.h"
#include "partition.h"

#include <stagecoach/boot.h>

struct disk_image {
    const char *path; /* as the user wrote it; not owned */
    int fd;
    struct block block;
    bool device; /* a block device */
};

/* A disk image and its boot volume, for commands that want files. */
struct boot_files {
    struct disk_image image;
    struct partition_table table;
    const struct partition *partition; /* NULL: the disk has no partition table */
    struct fat fat;
};

/* Opens a regular file or a block device. */
enum exit_code disk_image_open(struct disk_image *image, const char *path);
/* The same to write to it: EXIT_UNSAFE if it is a device in use, or a file that a virtual machine or another imgtool
 * has open. */
enum exit_code disk_image_open_to_write(struct disk_image *image, const char *path);
void disk_image_close(struct disk_image *image);

/* Opens the image and mounts its boot volume, found as the loader finds it. To be closed only after success. */
enum exit_code boot_files_open(struct boot_files *files, const char *path);
enum exit_code boot_files_open_to_write(struct boot_files *files, const char *path);
void boot_files_close(struct boot_files *files);

/* Tells the user of an error in an image: EXIT_IO if it can't be read, else EXIT_INPUT_REJECTED. */
enum exit_code disk_image_failure(const struct disk_image *image, const struct error *error);

#endif
