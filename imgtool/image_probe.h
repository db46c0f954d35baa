/* Is this file one of ours? */
#ifndef STAGECOACH_IMGTOOL_IMAGE_PROBE_H
#define STAGECOACH_IMGTOOL_IMAGE_PROBE_H

#include <stdbool.h>

/* True if the file is a disk image that imgtool has made: its boot sector points at our stages, or says
 * that there are none. */
bool image_probe(const char *path);

#endif
