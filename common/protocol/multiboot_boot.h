/* The way of a Multiboot kernel, from its file to its first instruction.
 *
 * It lies at the physical addresses that it was linked for, which may be in use as long as the firmware and the loader
 * are. What can be taken at once is; the rest is read to frames elsewhere, and moved by the very last instructions
 * (handoff/multiboot_switch.asm), which run in a page that is clear of all that is overwritten. */
#ifndef STAGECOACH_PROTOCOL_MULTIBOOT_BOOT_H
#define STAGECOACH_PROTOCOL_MULTIBOOT_BOOT_H

#include "multiboot_info.h"
#include "other_boot.h"

struct multiboot_move {       /* multiboot_switch.asm knows it */
    uint32_t to, from, words; /* words 0: the list's end */
};

#define MULTIBOOT_MOVES_MAX (MULTIBOOT_SEGMENTS_MAX + 1)

struct multiboot_orders { /* as above */
    uint32_t entry, magic, information, reserved;
    struct multiboot_move moves[MULTIBOOT_MOVES_MAX];
};

struct multiboot_entry { /* what the jump needs */
    bool boot_services;  /* 64-bit mode, as UEFI has it, straight to the entry; else by the page with code and orders */
    uint64_t code_phys;
    struct multiboot_orders orders;
};

struct multiboot_boot {
    const struct other_boot *with;
    uint64_t bias; /* what is added to the addresses of the plan, modulo 2^64 */
    struct multiboot_facts facts;
    struct multiboot_out out;
    struct multiboot_entry entry;
};

/* Takes memory, and reads the kernel, the modules and the sections. */
enum status multiboot_boot_load(struct multiboot_boot *boot, struct error *error);

/* Gets the jump ready. */
enum status multiboot_boot_prepare(struct multiboot_boot *boot, struct error *error);

/* Leaves the firmware, if the kernel does not want it kept, and writes the information. */
enum status multiboot_boot_leave(struct multiboot_boot *boot, struct error *error);

/* handoff/multiboot_switch.asm: copied to a page of its own, with the orders behind it. */
extern const uint8_t multiboot_switch[], multiboot_switch_end[];

/* multiboot_jump.c, on the machine itself. */
_Noreturn void multiboot_jump(const struct multiboot_entry *entry);

#endif
