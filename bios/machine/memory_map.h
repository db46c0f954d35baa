/* The memory operations of common/firmware.h for loaders that own the machine: the map is what memory_source.h tells,
 * and the loader keeps the books. */
#ifndef STAGECOACH_BIOS_MEMORY_MAP_H
#define STAGECOACH_BIOS_MEMORY_MAP_H

#include "memmap.h"

/* Reads the source; firmware_memory_map() does it too. */
enum status memory_map_start(struct error *error);

/* Takes whole pages for the loader alone, from the end of the highest free memory below 4 GiB, because kernels with
 * fixed addresses want the start. They are USABLE again in the final map. A few times only. */
enum status memory_map_take(uint64_t bytes, uint64_t *phys, struct error *error);

/* Appends the raw regions that firmware_leave() reports. */
enum status memory_map_final(struct memmap *map, struct error *error);

#endif
