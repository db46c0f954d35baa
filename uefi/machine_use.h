/* Memory that the running CPU depends on, whatever the firmware's map says of it. */
#ifndef STAGECOACH_UEFI_MACHINE_USE_H
#define STAGECOACH_UEFI_MACHINE_USE_H

#include "memmap.h"

#define MACHINE_USE_REGIONS 4u /* at most this many are added */

/* Marks stack, GDT, IDT and the root of the page tables in a raw map as MEMMAP_LOADER_IN_USE, where it calls them
 * free. U-Boot 2023.01 for x86_64 does so: its stack and its IDT lie just above 1 MiB, where the kernel would go. */
enum status machine_use_add(struct memmap *map, struct error *error);

#endif
