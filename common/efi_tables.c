#include "efi_tables.h"

#include "memory.h"

#define GUID_SIZE 16u

static const uint8_t acpi2[GUID_SIZE] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
                                         0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
static const uint8_t acpi1[GUID_SIZE] = {0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
                                         0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};
static const uint8_t smbios3[GUID_SIZE] = {0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a,
                                           0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94};
static const uint8_t smbios[GUID_SIZE] = {0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
                                          0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};

static uint64_t find(const void *entries, uint64_t count, const uint8_t *guid)
{
    const uint8_t *entry = entries;
    for (uint64_t i = 0; i < count; i++, entry += EFI_TABLE_ENTRY_SIZE) {
        uint64_t address;
        memcpy(&address, entry + GUID_SIZE, sizeof address);
        if (memcmp(entry, guid, GUID_SIZE) == 0)
            return address;
    }
    return 0;
}

void efi_tables_find(const void *entries, uint64_t count, struct firmware_tables *tables)
{
    tables->rsdp_phys = find(entries, count, acpi2);
    if (tables->rsdp_phys == 0)
        tables->rsdp_phys = find(entries, count, acpi1);
    tables->smbios_phys = find(entries, count, smbios3);
    tables->smbios32_phys = find(entries, count, smbios);
}
