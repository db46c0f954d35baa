/* A block device as a target: nobody else may use it meanwhile, and what is read comes from the medium. */
#ifndef STAGECOACH_IMGTOOL_DEVICE_TARGET_H
#define STAGECOACH_IMGTOOL_DEVICE_TARGET_H

#include "block_target.h"

#include <stdbool.h>
#include <sys/stat.h>

struct device_target {
    struct block_target target;
    int fd, direct; /* direct: -1 if the device can't be read past the page cache that way */
    uint32_t sector_size;
    uint64_t size;
    struct stat stat;
};

/* EXIT_UNSAFE if it is in use, or is no block device. `rdev`: the device that was looked at before; what has its name
 * now must still be that one. */
enum exit_code device_target_open(struct device_target *device, const char *path, dev_t rdev);

/* Lets the kernel read the new partition table, and closes. */
void device_target_close(struct device_target *device);

#endif
