/* A directly started file: the loader (bios/direct), patched, and behind it a cpio archive ("newc") with the content.
 */
#ifndef STAGECOACH_IMGTOOL_DIRECT_FILE_H
#define STAGECOACH_IMGTOOL_DIRECT_FILE_H

#include "image_content.h"

struct direct_plan {
    const struct image_content *content;
    int64_t time;  /* of the members, seconds since 1970 */
    bool pvh;      /* hide the Multiboot 1 header */
    uint64_t size; /* of the file; filled in by direct_file_plan() */
};

/* Computes the size; refuses what does not fit below 4 GiB. */
enum exit_code direct_file_plan(struct direct_plan *plan);

/* Writes the file to `fd`, which is empty and has the planned size. */
enum exit_code direct_file_write(const struct direct_plan *plan, int fd, const char *to);

/* Does the file at a path look like one? */
bool direct_file_probe(const char *path);

#endif
