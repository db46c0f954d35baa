/* What kernels from before ACPI's time want to know of a BIOS: its power management (APM 1.2), its configuration and
 * its drives. Asked for such kernels alone. */
#include "bios.h"
#include "disk.h"
#include "firmware.h"

#define INT_DISK 0x13
#define INT_SYSTEM 0x15
#define APM_CHECK 0x5300u
#define APM_CONNECT_32 0x5303u
#define APM_DISCONNECT 0x5304u
#define APM_SIGNATURE 0x504du /* "PM" */
#define APM_HAS_32 2u
#define ROM_CONFIGURATION 0xc000u
#define DRIVE_PARAMETERS 0x0800u
#define FIRST_DRIVE 0x80u

/* --- power management -------------------------------------------------------------------------------------------- */

static bool apm_call(uint32_t function, struct bios_registers *registers)
{
    *registers = (struct bios_registers){.eax = function, .flags = BIOS_FLAG_CARRY};
    bios_interrupt(INT_SYSTEM, registers);
    return !bios_failed(registers);
}

static bool apm_check(struct bios_registers *registers)
{
    return apm_call(APM_CHECK, registers) && (registers->ebx & 0xffff) == APM_SIGNATURE &&
           (registers->ecx & APM_HAS_32) != 0;
}

/* The flags are those of the connection; a BIOS that does not know itself any more afterwards has none. Whoever was
 * connected before us is no more. */
void firmware_apm(struct firmware_apm *apm)
{
    struct bios_registers check, connection;
    if (!apm_check(&check))
        return;
    apm_call(APM_DISCONNECT, &check);
    if (!apm_call(APM_CONNECT_32, &connection))
        return;
    if (!apm_check(&check)) {
        apm_call(APM_DISCONNECT, &check);
        return;
    }
    *apm = (struct firmware_apm){
        .version = (uint16_t)check.eax,
        .code_segment = (uint16_t)connection.eax,
        .entry = connection.ebx,
        .code16_segment = (uint16_t)connection.ecx,
        .data_segment = (uint16_t)connection.edx,
        .flags = (uint16_t)check.ecx,
        .code_size = (uint16_t)connection.esi,
        .code16_size = (uint16_t)(connection.esi >> 16),
        .data_size = (uint16_t)connection.edi,
    };
}

/* --- configuration and drives ------------------------------------------------------------------------------------ */

static uint32_t configuration(void)
{
    struct bios_registers registers = {.eax = ROM_CONFIGURATION, .flags = BIOS_FLAG_CARRY};
    bios_interrupt(INT_SYSTEM, &registers);
    if (bios_failed(&registers) || (registers.eax & 0xff00) != 0)
        return 0;
    return far_to_linear((uint32_t)registers.es << 16 | (registers.ebx & 0xffff));
}

/* How a drive seems to be built. *existing: drives that there are. */
static bool read_drive(uint32_t number, struct firmware_drive *drive, uint32_t *existing)
{
    struct bios_registers registers = {.eax = DRIVE_PARAMETERS, .edx = number, .flags = BIOS_FLAG_CARRY};
    bios_interrupt(INT_DISK, &registers);
    uint32_t heads = (registers.edx >> 8 & 0xff) + 1;
    *drive = (struct firmware_drive){
        .number = (uint8_t)number,
        .heads = (uint8_t)(heads < UINT8_MAX ? heads : UINT8_MAX),
        .sectors = registers.ecx & 0x3f,
        .cylinders = (uint16_t)(((registers.ecx >> 8 & 0xff) | (registers.ecx & 0xc0) << 2) + 1),
    };
    if (bios_failed(&registers) || (registers.eax & 0xff00) != 0 || drive->sectors == 0)
        return false;
    *existing = registers.edx & 0xff;
    drive->by_block = disk_has_edd(number);
    return true;
}

void firmware_rom(struct firmware_rom *rom)
{
    uint32_t existing = 1;
    rom->configuration_phys = configuration();
    for (uint32_t i = 0; i < existing && i < FIRMWARE_DRIVES_MAX; i++)
        if (read_drive(FIRST_DRIVE + i, &rom->drives[rom->drive_count], &existing))
            rom->drive_count++;
}
