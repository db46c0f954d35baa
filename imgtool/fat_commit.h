/* From changed directories in memory to writes that switch a volume from the whole old to the whole new set of files.
 *
 * What makes the switch is always one sector: a disk writes it as a whole or not at all.
 *   - All changed entries stand in one sector of one directory: that sector.
 *   - Else the changed directories are written anew in free clusters, from the deepest one up, until one sector of the
 *     root directory is left. A directory that moves takes the directories below it along: their ".." names its
 * cluster.
 *   - FAT32, and more than one sector of the root directory changes: the root is written anew as well, and the boot
 * sector switched to it.
 *   - FAT12 and FAT16 have their root in a fixed place. It is written to where the second table is, and the boot sector
 *     switched to a volume of one table whose root begins there and is longer by that much; everything else stays where
 *     it is. Then the root is written to its own place, and boot sector and second table come back. Meanwhile readers
 * that go on behind a directory's end mark (Linux, fsck.fat; not firmware, not our loader) see the old entries there,
 * too.
 */
#ifndef STAGECOACH_IMGTOOL_FAT_COMMIT_H
#define STAGECOACH_IMGTOOL_FAT_COMMIT_H

#include "changes.h"
#include "fat_directories.h"

/* The phase whose one write makes the switch; what comes before it changes nothing that anybody reads. */
#define FAT_COMMIT_PREPARE 0u

/* Adds the writes for everything but the bytes of files, which the caller has added to FAT_COMMIT_PREPARE. `before`:
 * what is written to the boot sectors between that phase and the switch. `undo` gets what brings the tables back if a
 * write of that phase fails. */
enum exit_code fat_commit_plan(struct fat_directories *directories, const struct changes *before,
                               struct changes *changes, struct changes *undo);

#endif
