/* A file of the boot volume as the kernel will see it: read as it is, or decompressed on the way. */
#ifndef STAGECOACH_BOOT_FILE_H
#define STAGECOACH_BOOT_FILE_H

#include "config.h"
#include "firmware.h"
#include "frames.h"
#include "packed.h"

struct boot_files { /* one for the whole boot */
    struct frames *frames;
    bool compressed; /* the configuration says that files may be */
    struct unpacker unpacker;
};

struct boot_file { /* must not move once it is open */
    uint64_t size; /* bytes, decompressed */
    struct file_source source;
    struct firmware_file medium;
};

/* Opens the file at a path out of the configuration. */
enum status boot_file_open(struct boot_files *files, struct config_text path, struct boot_file *file,
                           struct error *error);

/* Puts the decompressor between a file that is open and its reader. boot_file_packed.c. */
enum status boot_file_unpack(struct boot_files *files, const struct packed_head *head, struct boot_file *file,
                             struct error *error);

/* The path as text, FIRMWARE_PATH_MAX + 1 bytes, in `text`: what the file is called in messages. */
void boot_file_name(struct config_text path, char *text);

/* Reads exactly [offset, offset + size), which lies inside the file, straight to `to`. */
enum status boot_file_read(struct boot_file *file, uint64_t offset, uint64_t size, void *to, struct error *error);

#endif
