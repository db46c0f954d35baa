/* Bytes of a FAT volume: numbers, entries of tables and of directories. */
#ifndef STAGECOACH_IMGTOOL_FAT_ENTRY_H
#define STAGECOACH_IMGTOOL_FAT_ENTRY_H

#include "fat_tree.h"

#define FAT_ATTRIBUTE_ARCHIVE 0x20u

struct fat_stamp {
    uint16_t date, time; /* as FAT has them */
};

/* Seconds since 1970 in UTC, brought into FAT's range (1980 to 2107). */
struct fat_stamp fat_stamp_make(int64_t seconds);

uint32_t fat_get16(const uint8_t *from);
void fat_put16(uint8_t *to, uint32_t value);
void fat_put32(uint8_t *to, uint32_t value);

/* Puts the index-th entry of a table of `bits`; its neighbours stay. */
void fat_entry_pack(uint8_t *to, uint64_t index, uint32_t bits, uint32_t value);

/* Puts a directory entry. */
void fat_entry_put(const struct fat_stamp *stamp, const uint8_t name[FAT_SHORT_NAME_SIZE], uint32_t attributes,
                   uint32_t cluster, uint32_t size, uint8_t *to);

/* Puts the entries of a node's long name, last part first; returns the place behind them. */
uint8_t *fat_entry_put_long(const struct fat_node *node, uint8_t *to);

#endif
