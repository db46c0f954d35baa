/* The memory map of UEFI: one descriptor, and what it means to us (UEFI 2.10, 7.2.3). */
#ifndef STAGECOACH_EFI_MEMORY_H
#define STAGECOACH_EFI_MEMORY_H

#include <stdint.h>

struct efi_memory_descriptor { /* newer firmware has more fields behind these */
    uint32_t type, padding;
    uint64_t phys, virt, pages, attribute;
};
_Static_assert(sizeof(struct efi_memory_descriptor) == 40, "UEFI 2.10, EFI_MEMORY_DESCRIPTOR");

/* Its enum boot_memory_type. boot_services: the type of what becomes free with the end of boot services, the loader's
 * own memory included. */
uint32_t efi_memory_type(const struct efi_memory_descriptor *descriptor, uint32_t boot_services);

#endif
