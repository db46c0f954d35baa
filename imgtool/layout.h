/* The plan of a disk image: where each part lies, worked out and checked before anything is written. */
#ifndef STAGECOACH_IMGTOOL_LAYOUT_H
#define STAGECOACH_IMGTOOL_LAYOUT_H

#include "../bios/image_format.h"
#include "failure.h"

#include <stdbool.h>
#include <stdint.h>

#define LAYOUT_SECTOR_SIZE 512u
#define LAYOUT_ALIGNMENT 2048u  /* sectors: 1 MiB; also the smallest image, twice what SeaBIOS needs to boot a disk */
#define LAYOUT_VOLUME_STAGES 8u /* where the stages begin on a bare FAT volume: behind FAT32's boot sectors */
/* With room for two sets of stages, as large as any may be: an update puts new ones beside the old. */
#define LAYOUT_VOLUME_SPACIOUS (LAYOUT_VOLUME_STAGES + 2 * BIOS_STAGES_SIZE_MAX / LAYOUT_SECTOR_SIZE)
#define LAYOUT_ISO_FIRST 64u  /* where an ISO 9660 volume's descriptors begin: behind room for boot code and tables */
#define LAYOUT_EXTRA_MAX 126u /* further partitions in a GPT */
#define LAYOUT_EXTRA_MAX_MBR 3u

enum layout_table { LAYOUT_GPT, LAYOUT_MBR, LAYOUT_NONE }; /* NONE: a bare FAT volume */

struct layout_wishes {
    enum layout_table table;
    uint64_t sectors;              /* of the whole image; 0: as small as possible */
    uint64_t stages_sectors;       /* 0: no BIOS loader */
    uint64_t iso_sectors;          /* of an ISO 9660 volume's descriptors and directories; 0: the image is no CD */
    const uint64_t *extra_sectors; /* of each further partition */
    uint32_t extra_count;
};

struct layout_extent {
    uint64_t first, count; /* sectors; count 0: the image has no such part */
};

struct layout {
    enum layout_table table;
    uint64_t sectors;         /* of the whole image */
    struct layout_extent mbr; /* one sector */
    struct layout_extent primary_header, primary_entries;
    struct layout_extent bios_partition; /* GPT: has the stages in it */
    struct layout_extent stages; /* stages 2 to 4 and overlay; MBR: between the MBR and the partition; NONE: in reserved sectors */
    struct layout_extent iso;    /* before the first partition, and before an MBR disk's stages */
    struct layout_extent esp;    /* the FAT volume */
    struct layout_extent extra[LAYOUT_EXTRA_MAX];
    uint32_t extra_count;
    struct layout_extent backup_entries, backup_header;
};

/* Sectors that the FAT volume gets in an image of wishes->sectors; 0: it is too small for one. */
uint64_t layout_esp_room(const struct layout_wishes *wishes);

/* Plans the image for a FAT volume of `esp_sectors`. */
enum exit_code layout_make(const struct layout_wishes *wishes, uint64_t esp_sectors, struct layout *layout);

#endif
