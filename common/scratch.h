/* Memory that holds something for the loader alone: free again when the kernel starts. */
#ifndef STAGECOACH_SCRATCH_H
#define STAGECOACH_SCRATCH_H

#include "frames.h"

/* At least `size` bytes, page aligned, with whatever was there before. `what`: for the message when there is no room.
 */
enum status scratch_take(struct frames *frames, uint64_t size, const char *what, void **memory, struct error *error);

#endif
