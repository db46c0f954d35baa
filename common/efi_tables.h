/* What UEFI's configuration table points to (UEFI 2.10, 4.6). */
#ifndef STAGECOACH_EFI_TABLES_H
#define STAGECOACH_EFI_TABLES_H

#include "firmware.h"

#define EFI_TABLE_ENTRY_SIZE 24u /* GUID, address */

/* Fills in all but efi_system_table_phys from `count` entries; what is not there is 0. */
void efi_tables_find(const void *entries, uint64_t count, struct firmware_tables *tables);

#endif
