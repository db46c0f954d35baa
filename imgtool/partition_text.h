/* Partitions for users and programs to read. */
#ifndef STAGECOACH_IMGTOOL_PARTITION_TEXT_H
#define STAGECOACH_IMGTOOL_PARTITION_TEXT_H

#include "partition.h"

#define PARTITION_NAME_SIZE 128
#define PARTITION_PICTURE_CELLS 64u

/* "EFI system", "BIOS boot", another name that --partition knows, "type 0x83", or the GUID. Returns `to`. */
const char *partition_type_text(const struct partition_table *table, const struct partition *partition,
                                char to[PARTITION_NAME_SIZE]);

/* The name in a GPT, as UTF-8. Returns `to`. */
const char *partition_name_text(const struct partition *partition, char to[PARTITION_NAME_SIZE]);

/* "c12a7328-f81f-11d2-ba4b-00a0c93ec93b". Returns `to`. */
const char *partition_guid_text(const uint8_t guid[16], char to[37]);

/* A bar of equal cells, to scale: each shows the partition in its middle (the number, or '+' from 10 on), or '.'.
 * A partition without a middle gets the cell where it begins. */
void partition_picture(const struct partition_table *table, uint64_t sectors, char to[PARTITION_PICTURE_CELLS + 1]);

#endif
