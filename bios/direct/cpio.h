/* Reads cpio archives of the "newc" kind, as GNU cpio -H newc writes them and PVH passes in one module. */
#ifndef STAGECOACH_BIOS_DIRECT_CPIO_H
#define STAGECOACH_BIOS_DIRECT_CPIO_H

#include "error.h"
#include "span.h"

#include <stdbool.h>

struct cpio_member {
    struct span name; /* without its NUL */
    struct span data;
    bool regular; /* a file, not a directory, link or device */
};

/* Does it begin like such an archive? */
bool cpio_looks_like(struct span bytes);

/* The member at *at, which is moved on; begin with 0. *more is false at the archive's end. */
enum status cpio_next(struct span archive, uint64_t *at, struct cpio_member *member, bool *more, struct error *error);

#endif
