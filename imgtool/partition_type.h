/* The types of partitions, by the names that people use. */
#ifndef STAGECOACH_IMGTOOL_PARTITION_TYPE_H
#define STAGECOACH_IMGTOOL_PARTITION_TYPE_H

#include "failure.h"
#include "layout.h"

#include <stdint.h>

struct partition_type {
    uint8_t guid[16]; /* as on disk; for a GPT */
    uint8_t mbr;      /* for an MBR */
};

/* A name; for a GPT also a GUID, for an MBR also a number such as 0x83. */
enum exit_code partition_type_take(const char *word, enum layout_table table, struct partition_type *type);

/* The name of a GPT's type, or NULL. */
const char *partition_type_name(const uint8_t guid[16]);

/* What a FAT volume is if it is no EFI system partition. */
struct partition_type partition_type_data(uint32_t fat_bits);

#endif
