/* The parts of imgtool write: may this disk be overwritten, and does the user mean it? */
#ifndef STAGECOACH_IMGTOOL_WRITE_H
#define STAGECOACH_IMGTOOL_WRITE_H

#include "block_devices.h"
#include "disk_image.h"

struct write_wishes {
    const char *image, *path;  /* path: of the device */
    const char *expect_serial; /* NULL: none */
    uint64_t expect_size;      /* 0: none */
    bool not_removable;        /* may be a fixed disk */
    bool yes;
};

/* EXIT_UNSAFE with the reason if the disk is not one to be overwritten with this image. */
enum exit_code write_check_target(const struct block_devices_root *root, const struct block_device *device,
                                  const struct disk_image *image, const struct write_wishes *wishes);

/* On a terminal the user types the disk's model; elsewhere --yes with --expect-size or --expect-serial must say which
 * disk is meant. EXIT_UNSAFE if not. */
enum exit_code write_confirm(const struct block_device *device, const struct write_wishes *wishes, bool terminal);

#endif
