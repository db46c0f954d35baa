/* The boot server, when a PXE ROM started the loader. */
#ifndef STAGECOACH_BIOS_NETWORK_H
#define STAGECOACH_BIOS_NETWORK_H

#include "error.h"

/* Finds ROM, server and directory, and gets ready for net_files_open(). */
enum status network_start(struct error *error);

/* Makes the card quiet and lets the ROM go; nothing can be read any more. Harmless without a network. */
void network_stop(void);

struct firmware_tables;

/* The packet that gave the machine its address. */
void network_add_ack(struct firmware_tables *tables);

#endif
