/* BIOS calls from C: the glove box of stage 2, with a count of its uses. */
#ifndef STAGECOACH_BIOS_BIOS_H
#define STAGECOACH_BIOS_BIOS_H

#include "firmware.h"
#include "low_memory.h"
#include "stage_handoff.h"

#include <stdbool.h>
#include <stdint.h>

/* The buffer that BIOS calls read from and write to: 64 KiB at TRANSFER_SEGMENT:0. Holds data only from a call to the
 * copying of its results. */
#define TRANSFER_SIZE (LOW_TRANSFER_END - LOW_TRANSFER_START)
#define TRANSFER_SEGMENT ((uint16_t)(LOW_TRANSFER_START >> 4))
static inline uint8_t *transfer_buffer(void)
{
    return (uint8_t *)(uintptr_t)LOW_TRANSFER_START;
}

/* The linear address of a real-mode far pointer. */
static inline uint32_t far_to_linear(uint32_t segment_offset)
{
    return (segment_offset >> 16) * 16 + (segment_offset & 0xffff);
}

/* The other way round, for data below 1 MiB, where everything of the loader lies: its own variables can be handed out.
 */
static inline void linear_to_far(const void *data, uint16_t *segment, uint16_t *offset)
{
    uintptr_t linear = (uintptr_t)data;
    *segment = (uint16_t)(linear >> 4);
    *offset = (uint16_t)(linear & 15);
}

void bios_start(const struct stage_handoff *from_stage2);
const struct stage_handoff *bios_handoff(void);

/* Runs INT `number` with these registers, and leaves in them what it came back with. */
void bios_interrupt(uint8_t number, struct bios_registers *registers);

/* The same for a far routine, whose arguments on the stack are registers->stack. */
void bios_far_call(uint32_t segment_offset, struct bios_registers *registers);

static inline bool bios_failed(const struct bios_registers *registers)
{
    return (registers->flags & BIOS_FLAG_CARRY) != 0;
}

/* Notes a successful read of the boot medium. */
void bios_count_read(uint64_t bytes);

#endif
