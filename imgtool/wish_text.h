/* A kernel's wishes for users and programs to read. */
#ifndef STAGECOACH_IMGTOOL_WISH_TEXT_H
#define STAGECOACH_IMGTOOL_WISH_TEXT_H

#include "kernel_plan.h"

#include <stddef.h>

struct named_wish {
    const char *name; /* "kernel stack" */
    const char *key;  /* "kernel_stack": the field of struct boot_config */
    const struct wish *wish;
};
#define WISH_COUNT 9u

/* All address wishes of a kernel, in the order of struct boot_config. */
void wish_list(const struct kernel_plan *plan, struct named_wish wishes[WISH_COUNT]);

/* "anywhere", "nowhere", "0xffff800000000000". Returns `to`. */
const char *wish_text(const struct wish *wish, char *to, size_t size);

/* "rwx" with '-' for what is missing; ELF_* bits. Returns `to`. */
const char *rights_text(uint32_t rights, char to[4]);

#endif
