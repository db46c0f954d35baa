/* Judges what a boot on the fake machine left behind: boot info, memory map and page tables must agree with each other,
 * with the machine and with the kernel's file. */
#ifndef STAGECOACH_TESTS_BOOT_CHECK_H
#define STAGECOACH_TESTS_BOOT_CHECK_H

#include "../../page_walk.h" /* the fake machine's, not the one beside this file */
#include "sample_kernel.h"

#include <stagecoach/boot.h>

/* Asserts all of it, after fake_run() said FAKE_JUMPED. `info` receives the boot info. */
void boot_check(const struct sample_kernel *kernel, struct boot_info *info);

/* The page tables of the boot that boot_check() looked at. */
const struct page_tables *boot_check_tables(void);

/* Asserts that the address space holds these bytes, or this text with its NUL. */
void boot_check_bytes(const void *address, const void *expected, uint64_t size);
void boot_check_text(const char *address, const char *expected);

#endif
