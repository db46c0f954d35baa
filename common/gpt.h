/* The GUID partition table: UEFI 2.10, section 5.3. The structures are the disk's own, little endian. */
#ifndef STAGECOACH_GPT_H
#define STAGECOACH_GPT_H

#include "partition.h"

#include <stddef.h>

#define GPT_SIGNATURE 0x5452415020494645ull /* "EFI PART" */
#define GPT_REVISION 0x00010000u
#define GPT_HEADER_SIZE 92u
#define GPT_PRIMARY_LBA 1u
#define GPT_ENTRY_SIZE 128u
#define GPT_ENTRY_COUNT 128u /* what everybody writes: 16 KiB */

struct gpt_header {
    uint64_t signature;
    uint32_t revision;
    uint32_t header_size;
    uint32_t header_crc32; /* with this field 0 */
    uint32_t reserved;
    uint64_t my_lba;
    uint64_t alternate_lba;
    uint64_t first_usable_lba;
    uint64_t last_usable_lba; /* included */
    uint8_t disk_guid[16];
    uint64_t entries_lba;
    uint32_t entry_count;
    uint32_t entry_size;
    uint32_t entries_crc32;
    uint32_t padding; /* not part of the header on disk */
};
_Static_assert(offsetof(struct gpt_header, padding) == GPT_HEADER_SIZE, "UEFI 2.10, table 5.5");

struct gpt_entry {
    uint8_t type_guid[16]; /* all zero: not used */
    uint8_t guid[16];
    uint64_t first_lba;
    uint64_t last_lba; /* included */
    uint64_t attributes;
    uint16_t name[36];
};
_Static_assert(sizeof(struct gpt_entry) == GPT_ENTRY_SIZE, "UEFI 2.10, table 5.6");

/* Reads the primary table, or else the backup at the disk's end or where the primary's header says. */
enum status gpt_read(struct block *disk, struct partition_table *table, struct error *error);

#endif
