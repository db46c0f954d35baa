/* The disks of this machine, and what they are used for: from sysfs and /proc, whose places tests choose. */
#ifndef STAGECOACH_IMGTOOL_BLOCK_DEVICES_H
#define STAGECOACH_IMGTOOL_BLOCK_DEVICES_H

#include "failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define BLOCK_DEVICE_TEXT 128

struct block_devices_root {
    const char *sys, *proc; /* "/sys", "/proc" */
};

struct block_device {
    char name[64];                                            /* "sdb" */
    char model[BLOCK_DEVICE_TEXT], serial[BLOCK_DEVICE_TEXT]; /* empty: not known */
    char backing[BLOCK_DEVICE_TEXT * 4];                      /* of a loop device: its file */
    uint32_t major, minor;
    uint64_t size; /* bytes */
    bool removable, usb, read_only;
    char use[BLOCK_DEVICE_TEXT * 2]; /* "sdb1 is mounted on /mnt"; empty: nobody's */
};

struct block_devices {
    struct block_device *list; /* by name */
    size_t count;
};

/* All disks that have a medium. */
enum exit_code block_devices_read(const struct block_devices_root *root, struct block_devices *devices);
void block_devices_free(struct block_devices *devices);

/* The disk with that device number, or NULL: a partition, for example, is no disk. */
const struct block_device *block_devices_find(const struct block_devices *devices, uint32_t major, uint32_t minor);

/* Does a file system with this device number lie on the disk, or on one of its partitions? */
bool block_device_has(const struct block_devices_root *root, const struct block_device *device, uint32_t major,
                      uint32_t minor);

#endif
