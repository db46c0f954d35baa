/* What stage 2 tells stage 4: the C form of stage_handoff.inc (kept equal by hand; bios.c asserts the offsets). Lies in
 * stage 2's own data, below 1 MiB, for as long as the loader runs. */
#ifndef STAGECOACH_BIOS_STAGE_HANDOFF_H
#define STAGECOACH_BIOS_STAGE_HANDOFF_H

#include <stdint.h>

struct bios_registers;

struct stage_handoff {
    uint64_t entry_tsc;  /*  0  time-stamp counter in the first instructions of stage 2; 0: the CPU has none */
    uint64_t bios_call;  /*  8  address of the glove box: void (*)(struct bios_registers *), System V convention */
    uint64_t gdt;        /* 16  address of the descriptor table (x86.inc), with free slots for a TSS */
    uint32_t drive;      /* 24  INT 13h number that the loader was read from */
    uint16_t low_memory_kib; /* 28  INT 12h: KiB of RAM from 0 on */
    uint16_t ebda_segment;   /* 30  word at 40:0e: segment of the extended BIOS data area; 0: none */
    uint32_t pxe;   /* 32  far pointer to !PXE, as the ROM gave it; 0: the loader was not started from a network */
    uint32_t pxenv; /* 36  the same for PXENV+ */
    uint32_t cd_sector_size; /* 40  bytes of the drive's sectors if it was started as a CD; else 0 */
    uint32_t reserved;       /* 44 */
    uint64_t stages_lba; /* 48  where the stages lie on the drive, in 512 bytes; of no meaning without a drive */
};

/* One BIOS call: all registers in, all registers out. */
#define BIOS_CALL_INTERRUPT 0u /* target: interrupt number, 0..255 */
#define BIOS_CALL_FAR 1u       /* target: segment << 16 | offset of a far routine; `stack` lies at SS:SP + 4 */

struct bios_registers {
    uint32_t kind;       /*  0  BIOS_CALL_* */
    uint32_t target;     /*  4 */
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp; /* 8 */
    uint32_t flags;      /* 36  in: only the carry flag counts; out: FLAGS */
    uint16_t ds, es;     /* 40 */
    uint16_t stack[4];   /* 44  in: arguments of a far routine */
    uint32_t reserved;   /* 52 */
};

#define BIOS_FLAG_CARRY 1u

#endif
