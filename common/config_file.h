/* The configuration, from the boot volume. */
#ifndef STAGECOACH_CONFIG_FILE_H
#define STAGECOACH_CONFIG_FILE_H

#include "config.h"
#include "frames.h"

/* Changes the defaults in *config to what CONFIG_PATH says; its texts stay in scratch memory. Without such a file it
 * warns and leaves them. After an error, *config is what the lines before it say. */
enum status config_file_read(struct frames *frames, struct config *config, struct error *error);

#endif
