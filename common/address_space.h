/* Where everything goes in the kernel's virtual address space: an ordered list of ranges, fixed ones placed as asked
 * (or refused with both names), free ones in the lowest gap of the dynamic range, or anywhere in it at random. */
#ifndef STAGECOACH_ADDRESS_SPACE_H
#define STAGECOACH_ADDRESS_SPACE_H

#include "error.h"
#include "random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_SPACE_LIMIT 256

struct address_range {
    uint64_t start;
    uint64_t last; /* included: a range may end at 2^64 */
    char name[24]; /* for messages and `imgtool explain` */
};

struct address_space {
    uint64_t dynamic_start, dynamic_end; /* end excluded */
    size_t count;
    struct address_range ranges[ADDRESS_SPACE_LIMIT]; /* sorted, disjoint */
};

/* An empty 4-level space; the null page and the non-canonical hole are never given out. */
void address_space_init(struct address_space *space, uint64_t dynamic_start, uint64_t dynamic_end);

/* Takes [address, address + size): size > 0, page aligned, canonical, inside one half. STATUS_ADDRESS_COLLISION names
 * the other range. */
enum status address_space_fix(struct address_space *space, uint64_t address, uint64_t size, const char *name,
                              struct error *error);

/* Takes the lowest free range, with one free page kept before and behind it, where address % alignment == offset. */
enum status address_space_place(struct address_space *space, uint64_t size, uint64_t alignment, uint64_t offset,
                                const char *name, uint64_t *address, struct error *error);

struct address_draw {
    uint64_t address;
    uint64_t places; /* among how many it was chosen */
};

/* Takes one of all the ranges that address_space_place() could ever give, each as likely as any other. *places is how
 * many there were. */
enum status address_space_draw(struct address_space *space, uint64_t size, uint64_t alignment, uint64_t offset,
                               const char *name, struct random *random, struct address_draw *draw, struct error *error);

#endif
