/* What an image is made of: collected once, printed by inspect as text or JSON. */
#ifndef STAGECOACH_IMGTOOL_INSPECTION_H
#define STAGECOACH_IMGTOOL_INSPECTION_H

#include "boot_config.h"
#include "digest.h"
#include "iso_read.h"
#include "kernel_plan.h"
#include "linux_text.h"
#include "verify.h"

#define INSPECTION_VERSION_SIZE 32

struct inspected_file {
    char *path;
    bool directory;
    uint32_t size;
    struct fat_file opened;
    char sha256[DIGEST_TEXT_SIZE]; /* empty: could not be read */
};

struct inspection {
    struct verify tables, volume; /* what of the MBR, the GPT and the BIOS loader is wrong; and of the volume */
    char bios_version[INSPECTION_VERSION_SIZE]; /* of the stages; empty: unknown */
    char uefi_version[INSPECTION_VERSION_SIZE]; /* of BOOTX64.EFI */
    struct iso_catalog cd;                      /* if volume.is_cd */
    struct error cd_error;                      /* STATUS_OK: `cd` is filled in */
    uint32_t free_clusters;
    struct inspected_file *list;
    size_t file_count;
    struct error tree_error; /* STATUS_OK: all files are listed */
    struct boot_config_file config;
    struct error config_error;
    struct kernel_plan kernel;
    struct error kernel_error; /* STATUS_OK: `kernel` is filled in */
    uint64_t kernel_size;
    char linux_version[LINUX_VERSION_SIZE]; /* of a bzImage; empty: it names none */
};

/* `image` is open. The reason why a part is missing stands in its error. */
void inspection_make(struct inspection *inspection, const struct disk_image *image);
void inspection_free(struct inspection *inspection);

/* Why the firmware will not start the loader; NULL: it will. */
const char *inspection_bios_problem(const struct inspection *inspection);
const char *inspection_uefi_problem(const struct inspection *inspection);

/* The same for the whole of a CD. */
const char *inspection_cd_problem(const struct inspection *inspection);

void inspection_print(const struct inspection *inspection);
void inspection_print_json(const struct inspection *inspection);

#endif
