/* Makes the descriptors, the boot catalog and the directories of an ISO 9660 volume. */
#ifndef STAGECOACH_IMGTOOL_ISO_WRITE_H
#define STAGECOACH_IMGTOOL_ISO_WRITE_H

#include "iso_tree.h"

struct iso_volume {
    const struct iso_tree *tree;
    uint64_t image_size;      /* bytes, whole blocks */
    int64_t time;             /* of everything, seconds since 1970 */
    const uint8_t *boot_code; /* what a BIOS loads; at most one block */
    size_t boot_code_size;
    uint64_t esp_offset, esp_size; /* the EFI system partition; size 0: UEFI can't boot this CD */
};

#define ISO_AREA_OFFSET (ISO_PRIMARY_BLOCK * (uint64_t)ISO_BLOCK_SIZE)

/* Bytes of the image from ISO_AREA_OFFSET on, all of whole blocks. */
uint64_t iso_area_size(const struct iso_tree *tree);

/* Those bytes; the caller frees them. */
enum exit_code iso_area_make(const struct iso_volume *volume, uint8_t **bytes);

#endif
