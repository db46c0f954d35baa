/* The two structures by which a PXE ROM is found (PXE 2.1, 3.1 and 3.2): hostile bytes, judged without a look at the
 * machine. */
#ifndef STAGECOACH_BIOS_PXE_STRUCTURES_H
#define STAGECOACH_BIOS_PXE_STRUCTURES_H

#include "span.h"

#include <stdbool.h>

#define PXE_STRUCTURE_MAX 255u /* their lengths are single bytes */

/* Reads the far pointer to the ROM's entry out of !PXE; `bytes` begins with it and may be longer. */
bool pxe_parse_new(struct span bytes, uint32_t *entry);

/* The same for PXENV+, which PXE 2.1 keeps for older programs; *newer: far pointer to !PXE, 0 if there is none. */
bool pxe_parse_old(struct span bytes, uint32_t *entry, uint32_t *newer);

#endif
