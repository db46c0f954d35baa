#include "efi_map.h"

#include "checked.h"
#include "efi_memory.h"
#include "memory.h"

EFI_STATUS efi_map_read(struct efi_map *map)
{
    const EFI_STATUS status = efi_call(services.boot->GetMemoryMap(&map->size, map->descriptors, &map->key,
                                                                   &map->descriptor_size, &map->descriptor_version));
    if (!EFI_ERROR(status) && map->descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR))
        return EFI_INCOMPATIBLE_VERSION;
    return status;
}

enum status efi_map_add(const struct efi_map *map, bool running, struct memmap *to, struct error *error)
{
    const uint32_t boot_services = running ? MEMMAP_LOADER_IN_USE : (uint32_t)BOOT_MEMORY_USABLE;
    for (UINTN offset = 0; map->size - offset >= map->descriptor_size; offset += map->descriptor_size) {
        struct efi_memory_descriptor descriptor;
        memcpy(&descriptor, (const uint8_t *)map->descriptors + offset, sizeof descriptor);
        uint64_t size;
        if (!mul_ok(descriptor.pages, PAGE_SIZE, &size))
            size = UINT64_MAX; /* memmap_add cuts at the end of the address space */
        const enum status status =
            memmap_add(to, descriptor.phys, size, efi_memory_type(&descriptor, boot_services), descriptor.type, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
