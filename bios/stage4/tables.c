/* Firmware tables: where every PC has them. */
#include "bios.h"
#include "identity.h"
#include "network.h"
#include "screen.h"
#include "table_search.h"
#include "vbe.h"

void firmware_tables(struct firmware_tables *tables)
{
    table_search(bios_handoff()->ebda_segment, tables);
    if (screen_is_gone())
        tables->vbe = vbe_state();
    if (identity_is_network())
        network_add_ack(tables);
}
