/* Firmware tables: as the starter tells, from UEFI's configuration table, or searched for as on any BIOS machine. */
#include "efi_tables.h"
#include "machine_facts.h"
#include "table_search.h"

#define RSDP_SIZE 20u /* of ACPI 1.0, the smallest */
#define RSDP_LOOK 36u /* ACPI 2.0 and later */

#define EFI_SYSTEM_TABLE_SIZE 120u
#define EFI_TABLE_COUNT 104
#define EFI_TABLE_LIST 112
#define EFI_TABLES_MAX 1024u

static struct firmware_tables found;
static uint8_t kept_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static bool is_kept;

static void find_in_efi(struct firmware_tables *tables)
{
    const uint8_t *system = phys_view_at(&facts_view, facts_starter()->efi_system_table_phys, EFI_SYSTEM_TABLE_SIZE);
    if (system == NULL || memcmp(system, "IBI SYST", 8) != 0)
        return;
    uint64_t count = load64(system + EFI_TABLE_COUNT);
    const uint8_t *list = count <= EFI_TABLES_MAX
                              ? phys_view_at(&facts_view, load64(system + EFI_TABLE_LIST), count * EFI_TABLE_ENTRY_SIZE)
                              : NULL;
    if (list != NULL)
        efi_tables_find(list, count, tables);
    tables->efi_system_table_phys = facts_starter()->efi_system_table_phys;
}

static bool is_rsdp(uint64_t phys)
{
    const uint8_t *at = phys_view_at(&facts_view, phys, RSDP_LOOK);
    return at != NULL && table_is_rsdp(at, RSDP_LOOK);
}

static void keep_copy(struct span copy)
{
    if (copy.size < RSDP_SIZE || copy.size > sizeof kept_page || !table_is_rsdp(copy.data, (uint32_t)copy.size))
        return;
    memcpy(kept_page, copy.data, copy.size);
    is_kept = true;
    found.rsdp_phys = (uintptr_t)kept_page;
}

void facts_find_tables(void)
{
    const struct starter *starter = facts_starter();
    if (starter->efi_system_table_phys != 0)
        find_in_efi(&found);
    else
        table_search(facts_ebda_segment(), &found);
    if (starter->rsdp_phys != 0 && is_rsdp(starter->rsdp_phys))
        found.rsdp_phys = starter->rsdp_phys;
    if (found.rsdp_phys == 0)
        keep_copy(starter->rsdp_copy);
}

uint64_t facts_kept_page(void)
{
    return is_kept ? (uintptr_t)kept_page : 0;
}

void firmware_tables(struct firmware_tables *tables)
{
    *tables = found;
}
