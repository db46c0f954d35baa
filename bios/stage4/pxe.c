#include "pxe.h"

#include "bios.h"
#include "memory.h"
#include "pxe_structures.h"

#define INT_TIME 0x1a
#define PXE_CHECK 0x5650u /* INT 1Ah: is there a PXE ROM? (PXE 2.1, 3.1) */
#define PXE_PRESENT 0x564eu
#define REAL_MEMORY_END 0x100000u
#define FAILURE 1u
#define NO_REASON 0xffffu

static uint32_t entry; /* far pointer; 0: not found */

/* The bytes at a far pointer that may be anything. */
static struct span structure_at(uint32_t segment_offset)
{
    uint32_t linear = far_to_linear(segment_offset);
    if (linear < LOW_FIRMWARE_END || linear >= REAL_MEMORY_END)
        return (struct span){0};
    uint32_t room = REAL_MEMORY_END - linear;
    return (struct span){(const uint8_t *)(uintptr_t)linear, room < PXE_STRUCTURE_MAX ? room : PXE_STRUCTURE_MAX};
}

static bool take_new(uint32_t pointer)
{
    return pxe_parse_new(structure_at(pointer), &entry);
}

static bool take_old(uint32_t pointer)
{
    uint32_t newer, old;
    if (!pxe_parse_old(structure_at(pointer), &old, &newer))
        return false;
    if (!take_new(newer))
        entry = old;
    return true;
}

static bool ask_bios(void)
{
    struct bios_registers registers = {.eax = PXE_CHECK};
    bios_interrupt(INT_TIME, &registers);
    if (bios_failed(&registers) || (registers.eax & 0xffff) != PXE_PRESENT)
        return false;
    return take_old((uint32_t)registers.es << 16 | (registers.ebx & 0xffff));
}

enum status pxe_find(struct error *error)
{
    const struct stage_handoff *handoff = bios_handoff();
    if (take_new(handoff->pxe) || take_old(handoff->pxenv) || ask_bios())
        return STATUS_OK;
    entry = 0;
    return error_set(error, STATUS_NO_BOOT_VOLUME,
                     "the network card's ROM has neither !PXE nor PXENV+ in memory: start this program by PXE alone");
}

uint16_t pxe_call(enum pxe_service service, void *block)
{
    uint16_t segment, offset, status;
    linear_to_far(block, &segment, &offset);
    /* !PXE takes its arguments on the stack, PXENV+ in registers: both get both. */
    struct bios_registers registers = {
        .ebx = service,
        .es = segment,
        .edi = offset,
        .stack = {(uint16_t)service, offset, segment},
    };
    bios_far_call(entry, &registers);
    memcpy(&status, block, sizeof status);
    bool failed = (registers.eax & 0xffff) == FAILURE;
    return failed && status == 0 ? NO_REASON : status;
}
