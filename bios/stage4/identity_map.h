/* Stage 4 runs with memory mapped one to one. Stage 3 made tables for the first 4 GiB; the rest is added when asked for. */
#ifndef STAGECOACH_BIOS_IDENTITY_MAP_H
#define STAGECOACH_BIOS_IDENTITY_MAP_H

#include <stdint.h>

#define IDENTITY_MAP_END (4ull << 30) /* of what is always mapped */

/* Unmaps the null page and the stack's guard page; takes the right to run from all but code, to write from code and
 * constants. */
void identity_map_start(void);

/* Frames that tables for [start, end), not empty, need at most. */
uint64_t identity_map_frames(uint64_t start, uint64_t end);

/* Gives frames for further tables. */
void identity_map_room(uint64_t phys, uint64_t frames);

#endif
