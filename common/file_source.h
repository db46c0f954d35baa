/* Where a file's bytes come from: a boot volume, a host file, memory, or a compressed file around one of these. */
#ifndef STAGECOACH_FILE_SOURCE_H
#define STAGECOACH_FILE_SOURCE_H

#include "error.h"

#include <stdint.h>

struct file_source {
    /* Reads exactly [offset, offset + size), which lies inside the file. */
    enum status (*read)(void *context, uint64_t offset, uint64_t size, void *to, struct error *error);
    void *context;
    uint64_t size;    /* bytes, of the file */
    const char *name; /* for messages */
};

#endif
