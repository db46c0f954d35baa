/* A GPT that was made for an image, on a disk that is larger: the backup belongs into the disk's last sectors. */
#ifndef STAGECOACH_IMGTOOL_GPT_MOVE_H
#define STAGECOACH_IMGTOOL_GPT_MOVE_H

#include "changes.h"

#define GPT_MOVE_TAIL (33u * 512u) /* bytes of a usual backup: entries and header, with sectors of 512 bytes */

/* Adds what has to change on `image` when it lies on a disk of `size` bytes: protective MBR, primary header, the old
 * backup (becomes zeroes), the new one. An image without a GPT needs nothing. */
enum exit_code gpt_move(struct block *image, uint64_t size, struct changes *changes);

#endif
