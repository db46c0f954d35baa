/* What the 32-bit entry tells the C code: the C form of struc direct_entry in entry.asm. */
#ifndef STAGECOACH_BIOS_DIRECT_ENTRY_H
#define STAGECOACH_BIOS_DIRECT_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#define ENTRY_MULTIBOOT1 0x2badb002u
#define ENTRY_MULTIBOOT2 0x36d76289u
#define ENTRY_PVH 0x336ec578u

struct direct_entry {
    uint64_t tsc;  /*  0  time-stamp counter at entry */
    uint64_t base; /*  8  where the image lies */
    uint64_t gdt;  /* 16  the loader's descriptor table, with room at SELECTOR_TSS */
    uint32_t kind; /* 24  ENTRY_*, or what else EAX held */
    uint32_t info; /* 28  address of the starter's information */
};
_Static_assert(sizeof(struct direct_entry) == 32 && offsetof(struct direct_entry, info) == 28, "entry.asm says so");

#endif
