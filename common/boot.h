/* From a door's main to the kernel's first instruction. */
#ifndef STAGECOACH_COMMON_BOOT_H
#define STAGECOACH_COMMON_BOOT_H

#include "address_plan.h"
#include "error.h"

/* Runs the whole flow of common/boot.c. Does not return when it succeeds; on failure the caller gets the reason, and
 * boot_fail() is the way to end. */
enum status boot(struct error *error);

/* The one panic path: BOOT-ERR line, then reboot if the configuration (as far as it was read) asks for it, else stop.
 */
_Noreturn void boot_fail(const struct error *error);

/* Where everything lies in the kernel's address space, for `imgtool explain`. */
const struct address_plan *boot_addresses(void);

#endif
