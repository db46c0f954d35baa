/* The parts of imgtool update: what is wished, what it means for an image, what is told of it. */
#ifndef STAGECOACH_IMGTOOL_UPDATE_H
#define STAGECOACH_IMGTOOL_UPDATE_H

#include "build_options.h"
#include "disk_image.h"
#include "fat_commit.h"
#include "image_content.h"
#include "loader_update.h"

#define UPDATE_UEFI_PATH "/EFI/BOOT/BOOTX64.EFI"

struct update_options {
    const char *image, *kernel, *ramdisk, *command_line, *config_file;
    struct build_file *files;
    char **removals; /* paths on the volume */
    size_t file_count, removal_count;
    int64_t time; /* for the files' dates */
    bool loader, json, quiet;
};

extern const struct poptOption update_options_table[];
enum exit_code update_options_take(poptContext context, struct update_options *options);
void update_options_free(struct update_options *options);

enum update_action { UPDATE_EQUAL, UPDATE_REPLACED, UPDATE_ADDED };

struct update {
    struct update_options options;
    struct boot_files *files; /* the image */
    char *config_text;        /* the new configuration; NULL: as it is */
    size_t config_size;
    bool config_given;            /* an empty one may be */
    struct image_content content; /* the files that are given */
    enum update_action *actions;  /* of each item of the content */
    bool *removed;                /* for each removal: the file was there */
    struct fat_map map;
    struct fat_directories directories;
    enum loader_state bios; /* with --loader */
    bool uefi;              /* the volume has a UEFI loader */
    struct changes loader_prepare, loader_switch, changes, undo;
    struct changes iso; /* of a CD: what follows the files */
};

/* Plans everything: nothing is written, and what can be refused is refused. */
enum exit_code update_plan(struct update *update);

/* The part of it that is about a CD. `result`: the image as it will be, mounted. */
enum exit_code update_plan_iso(struct update *update, struct boot_files *result);

/* Where the descriptors and directories of a CD with these files end, in bytes. */
enum exit_code update_iso_end(struct boot_files *files, uint64_t *end);

/* Carries the plan out. */
enum exit_code update_make(struct update *update);

void update_report(const struct update *update);
void update_free(struct update *update);

#endif
