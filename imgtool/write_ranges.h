/* Which bytes of an image a disk must get. Zeroes count: the disk may hold anything. Only a hole of the image file that
 * lies in free clusters of the boot volume may be left as it is there. */
#ifndef STAGECOACH_IMGTOOL_WRITE_RANGES_H
#define STAGECOACH_IMGTOOL_WRITE_RANGES_H

#include "disk_image.h"

struct write_range {
    uint64_t start, end;
};

struct write_ranges {
    struct write_range *list; /* in order, without overlaps */
    size_t count;
};

/* `files`: the image; its volume is looked at if `mounted`. */
enum exit_code write_ranges_make(struct boot_files *files, bool mounted, struct write_ranges *ranges);
enum exit_code write_ranges_add(struct write_ranges *ranges, uint64_t start, uint64_t end);
uint64_t write_ranges_bytes(const struct write_ranges *ranges);
void write_ranges_free(struct write_ranges *ranges);

#endif
