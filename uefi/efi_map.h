/* The firmware's memory map: its descriptors, and what they mean to us. */
#ifndef STAGECOACH_UEFI_EFI_MAP_H
#define STAGECOACH_UEFI_EFI_MAP_H

#include "memmap.h"
#include "services.h"

struct efi_map {       /* as GetMemoryMap fills it in */
    void *descriptors; /* storage, the caller's */
    UINTN size;        /* in: bytes of storage; out: bytes filled in, or needed (EFI_BUFFER_TOO_SMALL) */
    UINTN key;
    UINTN descriptor_size; /* step: newer firmware has more fields than we know */
    UINT32 descriptor_version;
};

/* GetMemoryMap; an answer with an impossible descriptor size is EFI_INCOMPATIBLE_VERSION. */
EFI_STATUS efi_map_read(struct efi_map *map);

/* Appends every descriptor to `to`. running: boot services are still there, so that their memory and the loader's is
 * MEMMAP_LOADER_IN_USE; else that is USABLE. */
enum status efi_map_add(const struct efi_map *map, bool running, struct memmap *to, struct error *error);

#endif
