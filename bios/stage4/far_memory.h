/* The .bss of large variables (common/large.h), for which there is no room below 1 MiB. */
#ifndef STAGECOACH_BIOS_FAR_MEMORY_H
#define STAGECOACH_BIOS_FAR_MEMORY_H

#include "error.h"

/* Lays them into free memory above 1 MiB, zeroed; before that an access faults. Reads the memory map. */
enum status far_memory_start(struct error *error);

#endif
