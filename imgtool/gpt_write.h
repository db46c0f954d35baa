/* Both copies of an image's GUID partition table. */
#ifndef STAGECOACH_IMGTOOL_GPT_WRITE_H
#define STAGECOACH_IMGTOOL_GPT_WRITE_H

#include "ids.h"
#include "layout.h"

enum exit_code gpt_write(const struct layout *layout, const struct ids *ids, int fd, const char *to);

#endif
