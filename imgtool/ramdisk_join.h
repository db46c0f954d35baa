/* Several ramdisks in one file, as Linux reads archives one behind the other: each begins at a multiple of 4 bytes. */
#ifndef STAGECOACH_IMGTOOL_RAMDISK_JOIN_H
#define STAGECOACH_IMGTOOL_RAMDISK_JOIN_H

#include "host_file.h"

#include <stddef.h>

/* Opens the files at `paths`, of which there is one at least; the result goes by the first one's name. */
enum exit_code ramdisk_join(const char *const *paths, size_t count, struct host_file *joined);

#endif
