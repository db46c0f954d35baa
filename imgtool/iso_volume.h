/* The CD's side of an image that exists: what its descriptors, boot catalog and directories must be for the files of
 * its boot volume. verify compares it with what is there, update writes it. */
#ifndef STAGECOACH_IMGTOOL_ISO_VOLUME_H
#define STAGECOACH_IMGTOOL_ISO_VOLUME_H

#include "../bios/image_format.h"
#include "disk_image.h"
#include "iso_write.h"

struct iso_area {
    uint8_t *bytes; /* owned; of the image from ISO_AREA_OFFSET on */
    uint64_t size;
};

/* What is in no other structure of the image. */
struct iso_given {
    uint64_t image_size; /* bytes, as the descriptors say */
    int64_t time;        /* seconds since 1970 */
    uint8_t boot_code[BIOS_STAGE1_SIZE];
};

/* Reads it out of the primary descriptor and the boot sector for a CD. */
enum status iso_given_read(struct block *image, struct iso_given *given, struct error *error);

/* `files` is mounted. To be freed with iso_area_free() in any case. */
enum exit_code iso_area_of_volume(struct boot_files *files, const struct iso_given *given, struct iso_area *area);
void iso_area_free(struct iso_area *area);

/* Where the room for it ends: at the BIOS loader's stages or the first partition. */
uint64_t iso_area_limit(struct block *image, const struct partition_table *table);

#endif
