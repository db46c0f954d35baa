/* The FAT volume with configuration and kernel, on the drive that the loader was started from. */
#ifndef STAGECOACH_BIOS_VOLUME_H
#define STAGECOACH_BIOS_VOLUME_H

#include "fat.h"

#include <stagecoach/boot.h>

/* Finds and mounts it. *disk describes where it lies. */
enum status volume_find(uint32_t drive, struct fat **volume, struct boot_disk *disk, struct error *error);

#endif
