/* The server that the loader itself came from, when the firmware loaded it by PXE (UEFI 2.10, 24.3). */
#ifndef STAGECOACH_UEFI_NETWORK_H
#define STAGECOACH_UEFI_NETWORK_H

#include "services.h"

/* Was the running image loaded by this device's PXE? */
bool network_is_source(EFI_HANDLE device);

/* Finds the server and the directory of the boot program in what the firmware was told, and gets ready for
 * net_files_open(). */
enum status network_start(EFI_HANDLE device, struct error *error);

/* Stops the firmware's network for good, if network_start() was called: while boot services are there, its drivers may
 * end what the card still does. Without that they have to do it inside ExitBootServices, where they must not free
 * memory, and where some firmware has taken the card off the bus before: then it goes on writing to memory that is the
 * kernel's. */
void network_stop(void);

/* The packet that gave the machine its address, if the server was found by IPv4. */
void network_add_ack(struct firmware_tables *tables);

#endif
