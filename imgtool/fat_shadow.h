/* The root directory of a FAT12 or FAT16 volume while it lies in the second table's place: fat_commit.h says what for.
 */
#ifndef STAGECOACH_IMGTOOL_FAT_SHADOW_H
#define STAGECOACH_IMGTOOL_FAT_SHADOW_H

#include "block_target.h"
#include "fat.h"

#include <stdbool.h>

#define FAT_SHADOW_SECTOR 512u

/* Makes `boot`, the boot sector of a volume with two tables, that of the volume with the shadow. It is marked, unless
 * the mark's place is taken. False: the volume has no room for one. */
bool fat_shadow_enter(const struct fat *fat, uint8_t boot[FAT_SHADOW_SECTOR]);

/* If an update was stopped while the volume had its shadow: brings it back to its own form. *found tells; the volume is
 * to be mounted again then. */
enum exit_code fat_shadow_leave(struct fat *fat, struct block_target *target, bool *found);

#endif
