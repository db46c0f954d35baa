#include "bios.h"

#include <stddef.h>

_Static_assert(offsetof(struct stage_handoff, ebda_segment) == 30, "stage_handoff.inc says so");
_Static_assert(offsetof(struct stage_handoff, cd_sector_size) == 40, "stage_handoff.inc says so");
_Static_assert(offsetof(struct bios_registers, flags) == 36, "stage_handoff.inc says so");
_Static_assert(offsetof(struct bios_registers, stack) == 44, "stage_handoff.inc says so");
_Static_assert(sizeof(struct bios_registers) == 56, "the glove box copies whole 8-byte words");

static const struct stage_handoff *handoff;
static struct firmware_stats stats;

void bios_start(const struct stage_handoff *from_stage2)
{
    handoff = from_stage2;
}

const struct stage_handoff *bios_handoff(void)
{
    return handoff;
}

static void call(uint32_t kind, uint32_t target, struct bios_registers *registers)
{
    void (*glove_box)(struct bios_registers *) = (void (*)(struct bios_registers *))(uintptr_t)handoff->bios_call;
    registers->kind = kind;
    registers->target = target;
    stats.calls++;
    glove_box(registers);
}

void bios_interrupt(uint8_t number, struct bios_registers *registers)
{
    call(BIOS_CALL_INTERRUPT, number, registers);
}

void bios_far_call(uint32_t segment_offset, struct bios_registers *registers)
{
    call(BIOS_CALL_FAR, segment_offset, registers);
}

void bios_count_read(uint64_t bytes)
{
    stats.disk_reads++;
    stats.bytes_read += bytes;
}

struct firmware_stats firmware_stats(void)
{
    return stats;
}
