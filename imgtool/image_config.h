/* The configuration that an image gets: the user's own text, with lines for what the options add to it. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_CONFIG_H
#define STAGECOACH_IMGTOOL_IMAGE_CONFIG_H

#include "config.h"
#include "failure.h"

struct image_module {             /* --module */
    const char *name, *arguments; /* arguments may be empty */
    char *path;                   /* on the volume */
};

struct image_config_wishes {
    const char *config_file;  /* NULL: none */
    const char *command_line; /* NULL: none */
    bool ramdisk, compressed;
    bool efi_stub; /* the kernel is a UEFI application, and called so */
    const struct image_module *modules;
    size_t module_count;
    const char *kaslr_seed; /* NULL: none */
};

struct image_config {
    char *text; /* owned */
    size_t size;
    struct config config;             /* parsed from it */
    char *kernel_path, *ramdisk_path; /* owned; where the files go. ramdisk_path: NULL if there is none */
};

/* Only the text of the user's file, a boot.json translated. */
enum exit_code image_config_read(const char *path, struct image_config *config);

enum exit_code image_config_make(const struct image_config_wishes *wishes, struct image_config *config);
void image_config_free(struct image_config *config);

#endif
