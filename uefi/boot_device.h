/* Which disk and partition a device handle stands for. */
#ifndef STAGECOACH_UEFI_BOOT_DEVICE_H
#define STAGECOACH_UEFI_BOOT_DEVICE_H

#include "services.h"

/* Fills in what the device path tells; what it does not tell stays zero. Returns BOOT_SOURCE_*. */
uint32_t boot_device_describe(EFI_HANDLE device, struct boot_disk *disk);

/* Bytes of a device path up to its end node; 0: none, or it is damaged. */
uint64_t boot_device_path_size(const uint8_t *path);

#endif
