/* The way of a Linux kernel that is entered by the x86 boot protocol, from its file to its first instruction: the steps
 * that common/boot.c has for it, in their order. */
#ifndef STAGECOACH_PROTOCOL_LINUX_BOOT_H
#define STAGECOACH_PROTOCOL_LINUX_BOOT_H

#include "linux.h"
#include "other_boot.h"

struct linux_entry {      /* what the jump needs */
    uint64_t tables_phys; /* roots of page tables that map the kernel, and the code of the jump, one to one: */
    uint64_t la57_phys;   /* with 4 and with 5 levels */
    uint64_t entry, params_phys;
};

struct linux_boot {
    const struct other_boot *with;
    uint64_t code_phys;
    struct linux_area area;
    struct linux_entry entry;
};

/* Takes memory for kernel, zero page and page tables, and reads the kernel and the ramdisk. */
enum status linux_boot_load(struct linux_boot *boot, struct error *error);

/* Fills in the zero page and builds the tables. */
enum status linux_boot_prepare(struct linux_boot *boot, struct error *error);

/* Leaves the firmware and completes the zero page. */
enum status linux_boot_leave(struct linux_boot *boot, struct error *error);

/* linux_jump.c, on the machine itself: the page with the code that changes the tables, and the jump. */
uint64_t linux_switch_page(void);
_Noreturn void linux_jump(const struct linux_entry *entry);

#endif
