/* The configuration: a file of the boot volume, and what the load options change of it. */
#ifndef STAGECOACH_CONFIG_FILE_H
#define STAGECOACH_CONFIG_FILE_H

#include "config.h"
#include "frames.h"

/* Changes the defaults in *config to what CONFIG_PATH, or the file that the load options name, says, and then to what
 * they say themselves; its texts stay in scratch memory. Without CONFIG_PATH it warns and leaves the defaults. After an
 * error, *config is what the lines before it say. */
enum status config_file_read(struct frames *frames, struct config *config, struct error *error);

#endif
