/* Memory for a Multiboot kernel: where its segments have to be in the end, and where they are loaded before. */
#ifndef STAGECOACH_PROTOCOL_MULTIBOOT_PLACE_H
#define STAGECOACH_PROTOCOL_MULTIBOOT_PLACE_H

#include "frames.h"
#include "multiboot.h"

struct multiboot_place { /* whole pages */
    uint64_t phys, size;
    uint64_t loaded_at; /* not phys: to be moved at the end */
};

struct multiboot_places {
    uint32_t count;
    uint64_t bias; /* what is added to the addresses of the plan, modulo 2^64 */
    struct multiboot_place list[MULTIBOOT_SEGMENTS_MAX];
};

/* at_once: nothing can be moved, because the firmware goes on. What is taken later touches no place.
 * STATUS_PLACE_RESERVED: the kernel can't lie where it was linked for; STATUS_OUT_OF_MEMORY. */
enum status multiboot_place(const struct multiboot_plan *plan, bool at_once, struct frames *frames,
                            struct multiboot_places *places, struct error *error);

#endif
