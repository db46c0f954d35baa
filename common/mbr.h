/* The master boot record and its chain of logical partitions, as on disk. */
#ifndef STAGECOACH_MBR_H
#define STAGECOACH_MBR_H

#include "partition.h"

#include <stddef.h>

#define MBR_SIZE 512u
#define MBR_BOOT_SIGNATURE 0xaa55u
#define MBR_ACTIVE 0x80u
#define MBR_SLOTS 4u
#define MBR_TYPE_EFI_SYSTEM 0xefu
#define MBR_TYPE_PROTECTIVE 0xeeu

struct mbr_entry {
    uint8_t status;       /* 0 or MBR_ACTIVE */
    uint8_t first_chs[3]; /* head; sector and cylinder bits 8, 9; cylinder */
    uint8_t type;         /* 0: not used */
    uint8_t last_chs[3];
    uint8_t first_lba[4]; /* bytes, because the table lies at an odd address */
    uint8_t sectors[4];
};

struct mbr {
    uint8_t code[440];
    uint8_t signature[4];
    uint8_t reserved[2];
    struct mbr_entry entries[MBR_SLOTS];
    uint8_t boot_signature[2];
};
_Static_assert(sizeof(struct mbr) == MBR_SIZE, "one sector of 512 bytes");

/* Takes the partitions of an MBR disk, logical ones too. `mbr` is the disk's first 512 bytes, already read. */
enum status mbr_read(struct block *disk, const struct mbr *mbr, struct partition_table *table, struct error *error);

#endif
