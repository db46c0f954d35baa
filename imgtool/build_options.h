/* What the user asked build-image, build-direct or build-netboot for: the command line, checked as far as it goes without
 * a look at any file. */
#ifndef STAGECOACH_IMGTOOL_BUILD_OPTIONS_H
#define STAGECOACH_IMGTOOL_BUILD_OPTIONS_H

#include "image_config.h"
#include "image_partition.h"
#include "pack.h"

#include <stdint.h>

struct build_file { /* --file */
    char *source, *path;
};

struct build_module { /* --module: a file, and its line in the configuration */
    char *source;     /* owns the text that `line` points into */
    struct image_module line;
};

struct build_options {
    const char *kernel, *command_line, *config_file, *seed;
    const char *const *ramdisks;
    size_t ramdisk_count;
    bool efi_stub; /* the kernel is a UEFI application */
    char *output;
    struct build_file *files;
    struct build_module *modules;
    struct image_partition *partitions; /* --partition */
    size_t file_count, module_count, partition_count;
    enum layout_table table;
    bool bios, uefi; /* which loaders the image gets */
    bool iso;        /* the image is a CD, too */
    uint32_t protective_slot;
    bool protective_active;
    uint32_t fat_bits; /* 0: what suits the image */
    struct pack_options compress;
    uint64_t size; /* bytes; 0: as small as possible */
    int64_t time;  /* for the files' dates, seconds since 1970 */
    bool quiet, verbose, force;
    bool pvh; /* build-direct */
};

extern const struct poptOption build_options_table[], build_direct_options_table[], build_netboot_options_table[];

/* Takes what popt has left in its variables, and the arguments. ending: of the output's default name.
 * bare: there may be no kernel (NULL), if there is nothing else either. */
enum exit_code build_options_take(poptContext context, const char *ending, bool bare, struct build_options *options);

/* Before the options are taken: as if --iso had been given. */
void build_options_want_iso(void);

/* One --file: SRC:DEST. */
enum exit_code build_options_take_file(const char *word, struct build_file *file);

/* The time for the files' dates: SOURCE_DATE_EPOCH, or 1980. */
enum exit_code build_options_take_time(int64_t *time);

void build_options_free(struct build_options *options);

#endif
