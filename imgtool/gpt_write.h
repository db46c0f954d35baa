/* Both copies of an image's GUID partition table. */
#ifndef STAGECOACH_IMGTOOL_GPT_WRITE_H
#define STAGECOACH_IMGTOOL_GPT_WRITE_H

#include "image_write.h"

enum exit_code gpt_write(const struct image_plan *plan, int fd, const char *to);

#endif
