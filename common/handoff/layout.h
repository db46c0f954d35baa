/* What the blob and the loader that puts it in place know of each other. The blob's image begins with the header, which
 * the linker script fills in; right behind its code stands what its data begin with. In place there is room for the
 * interrupt stubs between the two, and zeroes follow, the area among them. */
#ifndef STAGECOACH_HANDOFF_LAYOUT_H
#define STAGECOACH_HANDOFF_LAYOUT_H

#include "font/font.h"

#include <stagecoach/boot.h>

#include <stddef.h>
#include <stdint.h>

struct handoff_header {  /* offsets from the blob's start, in bytes */
    uint32_t enter;      /* first instruction where the loader runs with 4 levels of page tables */
    uint32_t enter_la57; /* and with 5 */
    uint32_t settle;     /* first instruction at the final address */
    uint32_t stubs;      /* room for 256 interrupt stubs of HANDOFF_STUB_SIZE bytes */
    uint32_t caught;     /* where each of them goes on, with error code and vector on the stack */
    uint32_t code_end;   /* bytes of the image that are not data; of the same size in place */
    uint32_t transition_gdt;
    uint32_t relocations, relocations_end; /* Elf64_Rela records, all R_X86_64_RELATIVE */
    uint32_t area;                         /* struct handoff_area */
    uint32_t data;                         /* where read-execute ends and read-write begins; page aligned */
    uint32_t end;                          /* page aligned */
    uint32_t glyphs;                       /* struct handoff_glyphs */
};

#define HANDOFF_STUB_SIZE 16u
#define HANDOFF_VECTORS 256u

/* The kernel's GDT */
#define HANDOFF_CODE 0x08u
#define HANDOFF_DATA 0x10u
#define HANDOFF_TSS 0x18u

struct handoff_glyphs { /* of the console's fonts: zeroes in the image; the loader copies its own */
    uint8_t small[FONT_SIZE(8, 16)], large[FONT_SIZE(16, 32)];
};

struct handoff_table_pointer { /* what LGDT and LIDT read begins at `limit` */
    uint16_t padding[3];
    uint16_t limit;
    uint64_t base;
};

struct handoff_gate { /* Intel SDM 3A, figure 6-8 */
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct handoff_tss { /* Intel SDM 3A, figure 8-11; 64-bit fields at offset 4 modulo 8 */
    uint32_t reserved;
    uint32_t stacks[3][2];
    uint32_t reserved_too[2];
    uint32_t interrupt_stacks[7][2];
    uint32_t reserved_still[2];
    uint16_t reserved_at_last, io_map;
};

/* Interrupt stacks, by IST number less one. Those of their own are for what may strike inside another report. */
#define HANDOFF_STACK_COMMON 0u
#define HANDOFF_STACK_DOUBLE_FAULT 1u
#define HANDOFF_STACK_NMI 2u
#define HANDOFF_STACK_MACHINE_CHECK 3u
#define HANDOFF_STACKS 4u
#define HANDOFF_STACK_SIZE 4096u

struct handoff_area {                             /* what comes before `gdt` is known to entry.asm, by offset */
    uint64_t page_table_phys;                     /*   0  the kernel's */
    uint64_t entry;                               /*   8 */
    uint64_t stack_top;                           /*  16 */
    uint64_t argument;                            /*  24 */
    uint64_t bridge_tables;                       /*  32  phys of the tables that map bridge and final address */
    uint64_t settle;                              /*  40  final address of header.settle */
    struct handoff_table_pointer gdtr;            /*  48 */
    struct handoff_table_pointer idtr;            /*  64 */
    struct handoff_table_pointer transition_gdtr; /* 80  base: phys */
    uint64_t transition_tables;                   /*  96  4 levels, phys */
    uint64_t bridge;                              /* 104  header.enter at the bridge address */
    uint64_t scratch[16];                         /* 112  the stack on the way in */
    uint64_t gdt[5];
    struct handoff_tss tss;
    struct boot_framebuffer framebuffer; /* address as the kernel sees it; NULL: none */
    _Alignas(16) struct handoff_gate idt[HANDOFF_VECTORS];
    _Alignas(16) uint8_t stacks[HANDOFF_STACKS][HANDOFF_STACK_SIZE];
};

_Static_assert(sizeof(struct handoff_gate) == 16, "the CPU defines this structure");
_Static_assert(sizeof(struct handoff_tss) == 104, "the CPU defines this structure");
_Static_assert(offsetof(struct handoff_area, argument) == 24, "entry.asm");
_Static_assert(offsetof(struct handoff_area, settle) == 40, "entry.asm");
_Static_assert(offsetof(struct handoff_area, gdtr) + offsetof(struct handoff_table_pointer, limit) == 54, "entry.asm");
_Static_assert(offsetof(struct handoff_area, idtr) + offsetof(struct handoff_table_pointer, limit) == 70, "entry.asm");
_Static_assert(offsetof(struct handoff_area, transition_gdtr) + offsetof(struct handoff_table_pointer, limit) == 86,
               "entry.asm");
_Static_assert(offsetof(struct handoff_area, bridge) == 104, "entry.asm");
_Static_assert(offsetof(struct handoff_area, gdt) == 240, "entry.asm");

#endif
