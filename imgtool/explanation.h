/* What the loader would do with a kernel on a certain machine: found by running it there (sim_machine.h). */
#ifndef STAGECOACH_IMGTOOL_EXPLANATION_H
#define STAGECOACH_IMGTOOL_EXPLANATION_H

#include "kernel_plan.h"
#include "sim_machine.h"
#include "sim_tables.h"

#include <stagecoach/boot.h>

struct explanation {
    struct sim_machine machine; /* set up by the caller */
    const char *kernel_path;
    struct kernel_plan kernel; /* filled in by the caller */
    uint64_t relocations;
    bool aslr;          /* filled in by the caller: addresses are random */
    bool kaslr_seed;    /* but given by the configuration */
    struct error error; /* STATUS_OK: it boots, and the rest is filled in */
    struct sim_ranges ranges;
    const struct boot_info *info; /* its pointers are the kernel's: see explanation_memory() */
};

/* Boots explanation->machine. */
void explanation_make(struct explanation *explanation);
void explanation_free(struct explanation *explanation);

/* What the kernel has at an address; NULL: the range is not mapped in one piece. */
const void *explanation_memory(const struct explanation *explanation, uint64_t address, uint64_t size);

/* Whose range it is: "kernel", "stack", "physical memory". */
const char *explanation_owner(const struct explanation *explanation, const struct sim_range *range);

/* How many bits of its address are drawn at each boot; 0: none. */
unsigned explanation_random_bits(const struct explanation *explanation, const struct sim_range *range);

const char *explanation_cache(enum paging_cache cache);

void explanation_print(const struct explanation *explanation);
void explanation_print_json(const struct explanation *explanation);

#endif
