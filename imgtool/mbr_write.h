/* The first sector of an image: stage 1, and a partition table, a protective one in front of a GPT. */
#ifndef STAGECOACH_IMGTOOL_MBR_WRITE_H
#define STAGECOACH_IMGTOOL_MBR_WRITE_H

#include "ids.h"
#include "layout.h"
#include "span.h"

/* `stage1`: BIOS_STAGE1_SIZE bytes of code as built. */
enum exit_code mbr_write(const struct layout *layout, const struct ids *ids, struct span stage1, int fd,
                         const char *to);

#endif
