/* A file of the boot medium as a struct file_source. */
#ifndef STAGECOACH_MEDIUM_H
#define STAGECOACH_MEDIUM_H

#include "file_source.h"
#include "firmware.h"
#include "frames.h"

/* `file` and `name` must last as long as the source. */
struct file_source medium_source(struct firmware_file *file, const char *name);

/* Lets a file be read in parts that comes in one piece (struct firmware_file, `whole`), by fetching it into memory.
 * Nothing to do for other sources. */
enum status medium_keep(struct frames *frames, struct file_source *source, struct error *error);

#endif
