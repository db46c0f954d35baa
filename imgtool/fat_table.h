/* The entries of a FAT as they stand there, free and bad ones too. */
#ifndef STAGECOACH_IMGTOOL_FAT_TABLE_H
#define STAGECOACH_IMGTOOL_FAT_TABLE_H

#include "fat.h"

#define FAT_TABLE_PIECE 65536u

struct fat_table { /* reads a piece at a time */
    const struct fat *fat;
    uint64_t start; /* of the piece, bytes into the table; UINT64_MAX: none yet */
    uint8_t piece[FAT_TABLE_PIECE];
};

void fat_table_init(struct fat_table *table, const struct fat *fat);

/* 0: free. `cluster` is one of the volume's. */
enum status fat_table_value(struct fat_table *table, uint32_t cluster, uint32_t *value, struct error *error);

/* What marks a bad cluster on this volume. */
uint32_t fat_table_bad(const struct fat *fat);

enum status fat_table_count_free(const struct fat *fat, uint32_t *count, struct error *error);

#endif
