/* The last steps: from the loader's address space into the kernel's, and what stays there for the kernel: GDT, TSS, a
 * catch-all IDT that explains a fault on COM1, port E9 and the framebuffer instead of a triple fault.
 *
 * One position-independent blob (common/handoff/) is copied into frames of its own: code pages (read, execute) followed by
 * data pages (read, write). The kernel's tables map it at a free address; a small set of transition tables maps the same
 * address and the page with the switch code, so that no identity mapping is left in the kernel's space. */
#ifndef STAGECOACH_HANDOFF_H
#define STAGECOACH_HANDOFF_H

#include "error.h"
#include "paging.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stdint.h>

uint64_t handoff_code_size(void);       /* bytes, multiple of 4 KiB */
uint64_t handoff_data_size(void);       /* bytes, multiple of 4 KiB; follows the code */
uint64_t handoff_transition_frames(void); /* frames for the transition tables, anywhere below 4 GiB */

struct handoff {
    uint64_t phys;             /* frames for code and data, below 4 GiB */
    uint64_t address;          /* where the kernel's tables map them */
    uint64_t transition_phys;  /* handoff_transition_frames() frames, below 4 GiB */
    uint64_t page_table_phys;  /* the kernel's root */
    uint64_t entry, stack_top; /* RIP and the 16-byte aligned end of the stack; 0 is pushed as return address */
    uint64_t argument;         /* RDI */
    struct boot_framebuffer framebuffer; /* for the fault report, address as the kernel sees it; NULL: none */
};

/* Copies the blob, fills GDT, TSS and IDT, builds the transition tables. Before firmware_leave(). */
enum status handoff_prepare(const struct handoff *handoff, const struct paging_features *features, struct error *error);

/* Interrupts off, PICs masked, the local APIC's timer stopped. True if the CPU runs with 5-level page tables. */
bool handoff_silence(void);

/* Interrupts off, PICs masked, control registers, EFER and PAT as kernel-api/README.md says; then the jump. */
_Noreturn void handoff_jump(const struct handoff *handoff);

#endif
