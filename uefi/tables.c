/* What the firmware's configuration table points to. */
#include "efi_tables.h"
#include "network.h"
#include "services.h"

_Static_assert(sizeof(EFI_CONFIGURATION_TABLE) == EFI_TABLE_ENTRY_SIZE, "they are the same");

void firmware_tables(struct firmware_tables *tables)
{
    const EFI_CONFIGURATION_TABLE *entries = services.system->ConfigurationTable;
    efi_tables_find(entries, entries != NULL ? services.system->NumberOfTableEntries : 0, tables);
    tables->efi_system_table_phys = (uintptr_t)services.system;
    tables->efi_image_handle = (uintptr_t)services.image;
    network_add_ack(tables);
}
