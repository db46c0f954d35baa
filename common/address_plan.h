/* Which virtual address each part of the hand-over gets: a pure function of the kernel's wishes and the parts' sizes,
 * so that imgtool refuses colliding fixed addresses when the image is built. */
#ifndef STAGECOACH_ADDRESS_PLAN_H
#define STAGECOACH_ADDRESS_PLAN_H

#include "address_space.h"
#include "config.h"
#include "kernel_plan.h"
#include "random.h"

struct address_needs { /* sizes in bytes; 0: the part is absent */
    const struct kernel_plan *kernel;
    uint64_t boot_info_size;
    uint64_t handoff_size;
    uint64_t framebuffer_phys, framebuffer_size;
    uint64_t ramdisk_size;
    uint64_t module_sizes[CONFIG_MODULES_MAX];
    uint32_t module_count;
    uint64_t window_size;  /* what the physical-memory window would cover, if the kernel wants one */
    struct random *random; /* for free addresses; NULL: the lowest ones */
};

#define ADDRESS_PARTS_MAX (10 + CONFIG_MODULES_MAX)

struct address_part { /* for the log and `imgtool explain` */
    const char *name;
    uint64_t address, size;
    uint64_t places; /* among how many it was drawn; 0: not at random */
};

struct address_plan { /* addresses; 0: absent or not mapped */
    struct address_space space;
    uint64_t bias; /* added to every address of the ELF file */
    uint64_t entry;
    uint64_t stack; /* lowest usable byte */
    uint64_t boot_info, handoff, ramdisk, window;
    uint64_t symbols, kernel_file;
    uint64_t framebuffer; /* of its first byte, with the offset inside its page */
    uint64_t modules[CONFIG_MODULES_MAX];
    bool window_mapped; /* the window may well be at address 0 */
    bool recursive_mapped;
    uint32_t recursive_slot;
    struct address_part parts[ADDRESS_PARTS_MAX]; /* all that is mapped, but for an ET_EXEC kernel */
    size_t part_count;
    bool cramped; /* random addresses were asked for, but only the lowest ones have room for everything */
};

/* Fixed addresses first, then the free ones, each in the lowest gap, or at random. Where random places leave no room
 * for the rest, others are tried, and at last the lowest ones: what fits without chance is never refused by chance.
 * STATUS_ADDRESS_COLLISION, _EXHAUSTED. */
enum status address_plan_make(const struct address_needs *needs, struct address_plan *plan, struct error *error);

/* Whole pages that hold [start, start + size). */
uint64_t address_pages_size(uint64_t start, uint64_t size);

#endif
