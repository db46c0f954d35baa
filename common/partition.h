/* Finds partitions: GPT (primary, then backup), MBR primary and logical ones. One reader for the loader, imgtool
 * inspect and verify. UEFI 2.10, chapter 5. */
#ifndef STAGECOACH_PARTITION_H
#define STAGECOACH_PARTITION_H

#include "block.h"

#include <stdbool.h>

#define PARTITION_LIMIT 128 /* entries kept of one disk; further ones are not looked at */

struct partition {
    uint64_t first_lba, last_lba;    /* both included, as GPT has them */
    uint32_t number;                 /* 1-based slot (logical MBR partitions: from 5) */
    uint8_t mbr_type;                /* MBR only */
    bool active;                     /* MBR only: status 0x80 */
    uint8_t type_guid[16], guid[16]; /* GPT only, as on disk */
    uint16_t name[36];               /* GPT only, UTF-16LE */
    uint64_t attributes;             /* GPT only */
};

struct partition_table {
    uint32_t kind;         /* BOOT_DISK_GPT, BOOT_DISK_MBR; UNKNOWN: no table (a bare file system, perhaps) */
    bool from_backup;      /* GPT: the primary was damaged */
    uint8_t disk_guid[16]; /* GPT */
    uint32_t signature;    /* MBR, bytes 440..443 */
    uint32_t count;
    struct partition partitions[PARTITION_LIMIT];
};

extern const uint8_t partition_guid_esp[16], partition_guid_bios_boot[16];

/* Reads the table: GPT if the MBR is protective or hybrid (type 0xEE), else MBR. If the disk is a CD that is a disk
 * image too, disk->sector_size becomes 512: what its table counts. */
enum status partition_read(struct block *disk, struct partition_table *table, struct error *error);

#endif
