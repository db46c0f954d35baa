/* Reads ISO 9660 volumes and El Torito boot catalogs, ours and others. */
#ifndef STAGECOACH_IMGTOOL_ISO_READ_H
#define STAGECOACH_IMGTOOL_ISO_READ_H

#include "block.h"

#include <stdbool.h>

/* Does the image have an ISO 9660 volume: a primary descriptor, or, should that be damaged, a boot record? */
bool iso_is_there(struct block *image);

#endif
