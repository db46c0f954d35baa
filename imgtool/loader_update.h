/* The BIOS loader on a disk, replaced by imgtool's own: the stages beside the ones that are there, then the master boot
 * record, whose one sector makes the switch. */
#ifndef STAGECOACH_IMGTOOL_LOADER_UPDATE_H
#define STAGECOACH_IMGTOOL_LOADER_UPDATE_H

#include "changes.h"
#include "partition.h"

enum loader_state { LOADER_ABSENT, LOADER_EQUAL, LOADER_REPLACED };

/* Adds the writes: the new stages in `prepare`, the switch in `commit`. A disk without our stage 1 is LOADER_ABSENT. */
enum exit_code loader_update_plan(struct block *disk, const struct partition_table *table, struct changes *prepare,
                                  struct changes *commit, const char *name, enum loader_state *state);

#endif
