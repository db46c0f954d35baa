/* Which volume of a disk the loader's files are on: one rule for the BIOS loader and for imgtool. (Under UEFI it is the
 * volume that the application was started from.) */
#ifndef STAGECOACH_BOOT_VOLUME_H
#define STAGECOACH_BOOT_VOLUME_H

#include "fat.h"
#include "partition.h"

/* Is it an EFI system partition? */
bool boot_volume_is_esp(const struct partition_table *table, const struct partition *partition);

/* Mounts the first volume that has the configuration or the default kernel: EFI system partitions before all others; if
 * none has, the first EFI system partition that mounts, so that what is missing can be named. *partition: where it lies;
 * NULL: the disk has no table, and the volume is all of it. */
enum status boot_volume_mount(struct block *disk, const struct partition_table *table, struct fat *fat,
                              const struct partition **partition, struct error *error);

#endif
