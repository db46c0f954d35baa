#include "efi_memory.h"

#include <stagecoach/boot.h>

/* EFI_MEMORY_TYPE */
enum {
    LOADER_CODE = 1,
    LOADER_DATA,
    BOOT_SERVICES_CODE,
    BOOT_SERVICES_DATA,
    RUNTIME_CODE,
    RUNTIME_DATA,
    CONVENTIONAL,
    UNUSABLE,
    ACPI_RECLAIM,
    ACPI_NVS,
    MAPPED_IO,
    MAPPED_IO_PORTS,
    PERSISTENT = 14,
};

#define ATTRIBUTE_WRITE_BACK 0x8ull
#define ATTRIBUTE_NON_VOLATILE 0x8000ull
#define ATTRIBUTE_SPECIFIC_PURPOSE 0x40000ull

/* RAM that is free, or will be: unless its attributes say otherwise. Linux asks for write-back caching too. */
static uint32_t ram_type(const struct efi_memory_descriptor *descriptor, uint32_t type)
{
    if ((descriptor->attribute & ATTRIBUTE_NON_VOLATILE) != 0)
        return BOOT_MEMORY_PERSISTENT;
    if ((descriptor->attribute & ATTRIBUTE_SPECIFIC_PURPOSE) != 0 ||
        (descriptor->attribute & ATTRIBUTE_WRITE_BACK) == 0)
        return BOOT_MEMORY_RESERVED;
    return type;
}

/* UEFI 2.10, tables 7.6 and 7.10. */
uint32_t efi_memory_type(const struct efi_memory_descriptor *descriptor, uint32_t boot_services)
{
    switch (descriptor->type) {
    case CONVENTIONAL:
        return ram_type(descriptor, BOOT_MEMORY_USABLE);
    case LOADER_CODE:
    case LOADER_DATA:
    case BOOT_SERVICES_CODE:
    case BOOT_SERVICES_DATA:
        return ram_type(descriptor, boot_services);
    case RUNTIME_CODE:
        return BOOT_MEMORY_EFI_RUNTIME_CODE;
    case RUNTIME_DATA:
        return BOOT_MEMORY_EFI_RUNTIME_DATA;
    case UNUSABLE:
        return BOOT_MEMORY_BAD;
    case ACPI_RECLAIM:
        return BOOT_MEMORY_ACPI_RECLAIMABLE;
    case ACPI_NVS:
        return BOOT_MEMORY_ACPI_NVS;
    case MAPPED_IO:
    case MAPPED_IO_PORTS:
        return BOOT_MEMORY_MMIO;
    case PERSISTENT:
        return BOOT_MEMORY_PERSISTENT;
    default: /* reserved, PAL code, unaccepted, and what later editions or the vendor made up */
        return BOOT_MEMORY_RESERVED;
    }
}
