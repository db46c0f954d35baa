/* The page tables that the loader built in the simulated machine, read back as ranges. */
#ifndef STAGECOACH_IMGTOOL_SIM_TABLES_H
#define STAGECOACH_IMGTOOL_SIM_TABLES_H

#include "paging.h"

struct sim_range { /* touching pages of one size with equal rights and cache, in the order of physical addresses, too */
    uint64_t address, phys, size;
    uint64_t page_size;
    bool write, execute;
    enum paging_cache cache;
};

struct sim_ranges {
    struct sim_range *list; /* owned */
    size_t count;
    uint64_t tables; /* frames that hold tables */
};

/* `recursive_slot`: left out; 512 or more: there is none. */
void sim_tables_read(uint64_t root_phys, uint32_t recursive_slot, struct sim_ranges *ranges);
void sim_ranges_free(struct sim_ranges *ranges);

#endif
