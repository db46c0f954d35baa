/* Firmware tables: where every PC has them. */
#include "bios.h"
#include "network.h"
#include "table_search.h"
#include "vbe.h"

void firmware_tables(struct firmware_tables *tables)
{
    table_search(bios_handoff()->ebda_segment, tables);
    tables->vbe = vbe_state();
    network_add_ack(tables);
}
