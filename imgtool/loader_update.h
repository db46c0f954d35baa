/* The BIOS loader on a disk, replaced by imgtool's own: the stages beside the ones that are there, then the sectors
 * that name them, each of which makes its switch: the disk's first one, which is the master boot record or the boot
 * sector of a FAT volume without partitions, and, on a CD, the boot sector for a CD. Between the two, one starts the
 * old stages and the other the new ones.
 *
 * The backup boot sector of a bare FAT32 volume is a copy of the first one. If an update was stopped, it may name other
 * stages. So it is made equal before anything is written over those, and follows when the first sector is on the disk:
 * at any time both name whole stages. */
#ifndef STAGECOACH_IMGTOOL_LOADER_UPDATE_H
#define STAGECOACH_IMGTOOL_LOADER_UPDATE_H

#include "changes.h"
#include "partition.h"

enum loader_state { LOADER_ABSENT, LOADER_EQUAL, LOADER_REPLACED };

struct loader_disk {
    struct block *block;
    const struct partition_table *table;
    const char *name; /* for messages */
    bool is_cd;
    uint64_t cd_end; /* of a CD: where its descriptors and directories end, in bytes */
};

/* Adds the writes: the new stages in `prepare`, the switch in `commit`; of both, all phases in their order. A disk
 * without our stage 1 is LOADER_ABSENT; one that is ours but finds no stages gets new ones. */
enum exit_code loader_update_plan(const struct loader_disk *disk, struct changes *prepare, struct changes *commit,
                                  enum loader_state *state);

#endif
