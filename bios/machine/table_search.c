#include "table_search.h"

#include "firmware.h"
#include "memory.h"

#include <stddef.h>

#define EBDA_LOWEST 0x80000u /* a word at 40:0e that leads below is no EBDA */
#define ROM_START 0xe0000u
#define SMBIOS_START 0xf0000u
#define ROM_END 0x100000u
#define EBDA_SEARCH 1024u
#define ANCHOR_STEP 16u
#define ANCHOR_RSDP 0x20445352u /* "RSD " */
#define ANCHOR_SM 0x004d535fu   /* "_SM_" and "_SM3_" */
#define ANCHOR_SM_MASK 0x00ffffffu

#define RSDP_SIZE 20u /* of ACPI 1.0; also what the first checksum covers */
#define RSDP_SIZE_2 36u
#define RSDP_SIZE_MAX 256u
#define RSDP_REVISION 15
#define RSDP_LENGTH 20
#define SMBIOS_SIZE 31u
#define SMBIOS_LENGTH 5
#define SMBIOS_INTERMEDIATE 16u /* "_DMI_", with a checksum of its own */
#define SMBIOS3_SIZE 24u
#define SMBIOS3_LENGTH 6

static bool sums_to_zero(const uint8_t *data, uint32_t size)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum == 0;
}

bool table_is_rsdp(const uint8_t *at, uint32_t room)
{
    if (room < RSDP_SIZE || memcmp(at, "RSD PTR ", 8) != 0 || !sums_to_zero(at, RSDP_SIZE))
        return false;
    if (at[RSDP_REVISION] < 2)
        return true;
    uint32_t length;
    if (room < RSDP_SIZE_2)
        return false;
    memcpy(&length, at + RSDP_LENGTH, sizeof length);
    return length >= RSDP_SIZE_2 && length <= RSDP_SIZE_MAX && length <= room && sums_to_zero(at, length);
}

static bool is_smbios(const uint8_t *at, uint32_t room)
{
    /* A well-known BIOS bug gives 30 as the length of the 31 bytes (SMBIOS 3.6, table 1). */
    return room >= SMBIOS_SIZE && at[SMBIOS_LENGTH] >= SMBIOS_SIZE - 1 && at[SMBIOS_LENGTH] <= room &&
           sums_to_zero(at, at[SMBIOS_LENGTH]) && memcmp(at + SMBIOS_INTERMEDIATE, "_DMI_", 5) == 0;
}

static bool is_smbios3(const uint8_t *at, uint32_t room)
{
    return room >= SMBIOS3_SIZE && at[4] == '_' && at[SMBIOS3_LENGTH] >= SMBIOS3_SIZE && at[SMBIOS3_LENGTH] <= room &&
           sums_to_zero(at, at[SMBIOS3_LENGTH]);
}

/* The first 16-byte line in [at, end) that begins with these letters, `end` if none does: some thousand lines of slow
 * ROM. */
static uint32_t search_anchor(uint32_t at, uint32_t end, uint32_t anchor, uint32_t mask)
{
    while (at < end && (*(const uint32_t *)(uintptr_t)at & mask) != anchor)
        at += ANCHOR_STEP;
    return at;
}

/* The first RSDP in [start, end); 0: none. */
static uint64_t search_rsdp(uint32_t start, uint32_t end)
{
    for (uint32_t at = start; (at = search_anchor(at, end, ANCHOR_RSDP, UINT32_MAX)) < end; at += ANCHOR_STEP)
        if (table_is_rsdp((const uint8_t *)(uintptr_t)at, end - at))
            return at;
    return 0;
}

/* Both kinds of SMBIOS in one pass: their anchors differ in the fourth byte only. */
static void search_smbios(struct firmware_tables *tables)
{
    uint32_t at = SMBIOS_START;
    for (; (at = search_anchor(at, ROM_END, ANCHOR_SM, ANCHOR_SM_MASK)) < ROM_END; at += ANCHOR_STEP) {
        const uint8_t *bytes = (const uint8_t *)(uintptr_t)at;
        if (tables->smbios_phys == 0 && bytes[3] == '3' && is_smbios3(bytes, ROM_END - at))
            tables->smbios_phys = at;
        if (tables->smbios32_phys == 0 && bytes[3] == '_' && is_smbios(bytes, ROM_END - at))
            tables->smbios32_phys = at;
    }
}

void table_search(uint16_t ebda_segment, struct firmware_tables *tables)
{
    *tables = (struct firmware_tables){0};
    uint32_t ebda = ebda_segment * 16u;
    if (ebda >= EBDA_LOWEST && ebda + EBDA_SEARCH <= ROM_START)
        tables->rsdp_phys = search_rsdp(ebda, ebda + EBDA_SEARCH);
    if (tables->rsdp_phys == 0)
        tables->rsdp_phys = search_rsdp(ROM_START, ROM_END);
    search_smbios(tables);
}
