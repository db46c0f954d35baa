/* Calls of the PXE ROM that started us (PXE 2.1, chapter 3), through the glove box. */
#ifndef STAGECOACH_BIOS_PXE_H
#define STAGECOACH_BIOS_PXE_H

#include "error.h"

#include <stdint.h>

enum pxe_service { /* PXENV_*; the parameter block of each begins with a 16-bit status */
                   PXE_UNDI_SHUTDOWN = 0x05,
                   PXE_STOP_UNDI = 0x15,
                   PXE_UDP_OPEN = 0x30,
                   PXE_UDP_CLOSE = 0x31,
                   PXE_UDP_READ = 0x32,
                   PXE_UDP_WRITE = 0x33,
                   PXE_UNLOAD_STACK = 0x70,
                   PXE_GET_CACHED_INFO = 0x71,
};

/* Finds the ROM's entry by the pointers that it gave to the network boot program, or by INT 1Ah. */
enum status pxe_find(struct error *error);

/* Calls a service. `block` lies below 1 MiB, as all of the loader's variables do. Returns the block's status, 0 for
 * success; not before pxe_find(). */
uint16_t pxe_call(enum pxe_service service, void *block);

#endif
