#include "efi_map.h"

#include "checked.h"
#include "memory.h"

EFI_STATUS efi_map_read(struct efi_map *map)
{
    const EFI_STATUS status = efi_call(services.boot->GetMemoryMap(&map->size, map->descriptors, &map->key,
                                                                   &map->descriptor_size, &map->descriptor_version));
    if (!EFI_ERROR(status) && map->descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR))
        return EFI_INCOMPATIBLE_VERSION;
    return status;
}

/* RAM that is free, or will be: unless its attributes say otherwise. Linux asks for write-back caching too. */
static uint32_t ram_type(const EFI_MEMORY_DESCRIPTOR *descriptor, uint32_t type)
{
    if ((descriptor->Attribute & EFI_MEMORY_ATTRIBUTE_NV) != 0)
        return BOOT_MEMORY_PERSISTENT;
    if ((descriptor->Attribute & EFI_MEMORY_ATTRIBUTE_SP) != 0 || (descriptor->Attribute & EFI_MEMORY_WB) == 0)
        return BOOT_MEMORY_RESERVED;
    return type;
}

/* UEFI 2.10, tables 7.6 and 7.10. */
static uint32_t memory_type(const EFI_MEMORY_DESCRIPTOR *descriptor, bool running)
{
    switch (descriptor->Type) {
    case EfiConventionalMemory:
        return ram_type(descriptor, BOOT_MEMORY_USABLE);
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
        return ram_type(descriptor, running ? MEMMAP_LOADER_IN_USE : (uint32_t)BOOT_MEMORY_USABLE);
    case EfiRuntimeServicesCode:
        return BOOT_MEMORY_EFI_RUNTIME_CODE;
    case EfiRuntimeServicesData:
        return BOOT_MEMORY_EFI_RUNTIME_DATA;
    case EfiUnusableMemory:
        return BOOT_MEMORY_BAD;
    case EfiACPIReclaimMemory:
        return BOOT_MEMORY_ACPI_RECLAIMABLE;
    case EfiACPIMemoryNVS:
        return BOOT_MEMORY_ACPI_NVS;
    case EfiMemoryMappedIO:
    case EfiMemoryMappedIOPortSpace:
        return BOOT_MEMORY_MMIO;
    case EFI_MEMORY_TYPE_PERSISTENT:
        return BOOT_MEMORY_PERSISTENT;
    default: /* reserved, PAL code, unaccepted, and what later editions or the vendor made up */
        return BOOT_MEMORY_RESERVED;
    }
}

enum status efi_map_add(const struct efi_map *map, bool running, struct memmap *to, struct error *error)
{
    for (UINTN offset = 0; map->size - offset >= map->descriptor_size; offset += map->descriptor_size) {
        EFI_MEMORY_DESCRIPTOR descriptor;
        memcpy(&descriptor, (const uint8_t *)map->descriptors + offset, sizeof descriptor);
        uint64_t size;
        if (!mul_ok(descriptor.NumberOfPages, PAGE_SIZE, &size))
            size = UINT64_MAX; /* memmap_add cuts at the end of the address space */
        const enum status status =
            memmap_add(to, descriptor.PhysicalStart, size, memory_type(&descriptor, running), descriptor.Type, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
