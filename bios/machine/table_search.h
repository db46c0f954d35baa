/* ACPI's root pointer and SMBIOS's entry points on a machine with a BIOS, found by their anchors (ACPI 6.5, 5.2.5.1;
 * SMBIOS 3.6, 5.2.1 and 5.2.2). */
#ifndef STAGECOACH_BIOS_TABLE_SEARCH_H
#define STAGECOACH_BIOS_TABLE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct firmware_tables;

/* ebda_segment: the word at 40:0e. */
void table_search(uint16_t ebda_segment, struct firmware_tables *tables);

/* Is there a root pointer of any ACPI version in these `room` bytes, checksums right? */
bool table_is_rsdp(const uint8_t *at, uint32_t room);

#endif
