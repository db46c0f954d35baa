/* Reads El Torito boot catalogs, ours and others. */
#ifndef STAGECOACH_IMGTOOL_ISO_READ_H
#define STAGECOACH_IMGTOOL_ISO_READ_H

#include "block.h"
#include "iso_format.h"

#include <stdbool.h>

#define ISO_CATALOG_MAX 16u /* boot entries that are kept */

struct iso_boot_entry {
    uint8_t platform; /* ISO_PLATFORM_* or another */
    bool bootable;
    uint8_t emulation;       /* 0: none */
    uint32_t sectors, block; /* what a BIOS loads: sectors of 512 bytes, from that block on */
};

struct iso_catalog {
    char volume_name[ISO_VOLUME_NAME_SIZE + 1]; /* of the primary descriptor, printable */
    bool joliet;
    struct iso_boot_entry entries[ISO_CATALOG_MAX];
    uint32_t count;
};

/* Does the image have an ISO 9660 volume: a primary descriptor, or, should that be damaged, a boot record? */
bool iso_is_there(struct block *image);

/* Has imgtool made it? Two places say so; one is enough, should the other be damaged. */
bool iso_is_ours(struct block *image);

/* "BIOS", "UEFI" or "other". */
const char *iso_platform_name(uint8_t platform);

/* The status of what is damaged is STATUS_LOADER_DAMAGED. */
enum status iso_catalog_read(struct block *image, struct iso_catalog *catalog, struct error *error);

#endif
