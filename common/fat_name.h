/* Names in FAT directories: eight letters and three, and long ones in entries of their own. */
#ifndef STAGECOACH_FAT_NAME_H
#define STAGECOACH_FAT_NAME_H

#include "fat.h"

#define FAT_SHORT_NAME_SIZE 11u
#define FAT_LONG_PART_UNITS 13u /* of a long name's entry */
#define FAT_LONG_PARTS_MAX 20u
#define FAT_LONG_LAST 0x40u /* in the ordinal of the entry that stands first */

/* Where the units of a long name's entry lie in it. */
extern const uint8_t fat_long_unit_offsets[FAT_LONG_PART_UNITS];

struct fat_long_name { /* being put together from its entries, last part first */
    uint16_t units[FAT_LONG_PARTS_MAX * FAT_LONG_PART_UNITS];
    uint32_t parts;    /* 0: none */
    uint32_t expected; /* ordinal of the next entry; 0: complete */
    uint8_t checksum;
};

/* Of the short name that long entries belong to. */
uint8_t fat_name_checksum(const uint8_t short_name[FAT_SHORT_NAME_SIZE]);

/* Adds a long name's entry; one that does not fit what came before drops it all. */
void fat_long_name_add(struct fat_long_name *name, const uint8_t entry[FAT_ENTRY_SIZE]);

/* The long name in UTF-8, if it is complete, belongs to the short name, and is a valid name. `to`: 3 * FAT_NAME_MAX
 * + 1. */
bool fat_long_name_finish(const struct fat_long_name *name, const uint8_t entry[FAT_ENTRY_SIZE], char *to);

/* The short name as text; `cased`: with the lower case that Windows NT's flags ask for. Letters beyond ASCII, whose
 * code page nobody knows, become '?'. `to`: 13 bytes. */
void fat_short_name_text(const uint8_t entry[FAT_ENTRY_SIZE], bool cased, char *to);

#endif
