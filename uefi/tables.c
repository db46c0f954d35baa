/* What the firmware's configuration table points to (UEFI 2.10, 4.6). */
#include "services.h"

#include "memory.h"

static const EFI_GUID acpi2_guid = ACPI_20_TABLE_GUID, acpi1_guid = ACPI_TABLE_GUID, smbios3_guid = SMBIOS3_TABLE_GUID,
                      smbios_guid = SMBIOS_TABLE_GUID;

static uint64_t find_table(const EFI_GUID *guid)
{
    const EFI_CONFIGURATION_TABLE *tables = services.system->ConfigurationTable;
    for (UINTN i = 0; tables != NULL && i < services.system->NumberOfTableEntries; i++) {
        if (memcmp(&tables[i].VendorGuid, guid, sizeof *guid) == 0)
            return (uintptr_t)tables[i].VendorTable;
    }
    return 0;
}

void firmware_tables(struct firmware_tables *tables)
{
    tables->rsdp_phys = find_table(&acpi2_guid);
    if (tables->rsdp_phys == 0)
        tables->rsdp_phys = find_table(&acpi1_guid);
    tables->smbios_phys = find_table(&smbios3_guid);
    tables->smbios32_phys = find_table(&smbios_guid);
    tables->efi_system_table_phys = (uintptr_t)services.system;
}
