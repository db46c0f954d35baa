/* Firmware tables: where every PC has them. */
#include "bios.h"
#include "table_search.h"

void firmware_tables(struct firmware_tables *tables)
{
    table_search(bios_handoff()->ebda_segment, tables);
}
