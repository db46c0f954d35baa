/* What the kernel's page tables map, from the finished plans; and building them. */
#ifndef STAGECOACH_BOOT_MAPPINGS_H
#define STAGECOACH_BOOT_MAPPINGS_H

#include "address_plan.h"
#include "kernel_load.h"
#include "mapping_plan.h"
#include "payload.h"

struct boot_mappings {
    const struct kernel_plan *kernel;
    const struct kernel_image *image;
    const struct payloads *payloads;
    const struct address_plan *addresses;
    const struct boot_framebuffer *framebuffer;
    uint64_t stack_phys, boot_info_phys, boot_info_size, handoff_phys;
    const struct memmap *map; /* for the window */
};

/* The firmware's map with the framebuffer in it, which firmware calls reserved or does not mention: so that the window
 * caches it as the framebuffer's own mapping does. */
enum status boot_mappings_map(struct frames *frames, const struct boot_framebuffer *framebuffer, struct memmap *map,
                              struct error *error);

/* Upper bound of the number of mappings. */
size_t boot_mappings_room(const struct boot_mappings *mappings);

/* Lists them in `plan`. */
enum status boot_mappings_plan(const struct boot_mappings *mappings, struct mapping_plan *plan, struct error *error);

/* Enters the whole list into the tables. */
enum status boot_mappings_build(const struct mapping_plan *plan, const struct address_plan *addresses,
                                struct paging *paging, struct error *error);

#endif
