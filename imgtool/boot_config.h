/* The configuration on a boot volume, read as the loader reads it. */
#ifndef STAGECOACH_IMGTOOL_BOOT_CONFIG_H
#define STAGECOACH_IMGTOOL_BOOT_CONFIG_H

#include "config.h"
#include "fat.h"

struct boot_config_file {
    char *text; /* owned; NULL: the volume has no configuration, and the defaults hold */
    uint32_t size;
    struct config config; /* points into text */
};

/* Warnings go to `warn`. To be freed in any case. */
enum status boot_config_read(struct fat *fat, struct boot_config_file *file, config_warning *warn, void *context,
                             struct error *error);
void boot_config_free(struct boot_config_file *file);

/* Opens the file that a path of the configuration names; it must have content. */
enum status boot_config_open(struct fat *fat, struct config_text path, struct fat_file *file, struct error *error);

#endif
