/* A file on a boot volume as the loader gives it to the kernel: decompressed, if the configuration allows for that. */
#ifndef STAGECOACH_IMGTOOL_VOLUME_FILE_H
#define STAGECOACH_IMGTOOL_VOLUME_FILE_H

#include "boot_config.h"
#include "packed.h"

struct volume_file { /* must not move while it is open */
    struct fat_file file;
    struct file_source source;
    struct packed packed;
    struct unpacker unpacker;
    void *table; /* NULL: the file is stored as it is */
};

/* Opens the file that `path` of the configuration names; it must have content. To be closed in any case. */
enum status volume_file_open(struct fat *fat, const struct config *config, struct config_text path,
                             struct volume_file *file, struct error *error);
void volume_file_close(struct volume_file *file);

/* Reads all of it, for what that finds: a damaged block. */
enum status volume_file_check(struct volume_file *file, struct error *error);

#endif
