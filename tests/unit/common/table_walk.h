/* Page tables as the CPU reads them (Intel SDM 3A, 4.5), written without a look at common/paging.c; and an arena that
 * stands for the physical memory which holds them. */
#ifndef STAGECOACH_TESTS_TABLE_WALK_H
#define STAGECOACH_TESTS_TABLE_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct page {
    uint64_t phys; /* that the address translates to */
    uint64_t size; /* of the page: 4 KiB, 2 MiB, 1 GiB */
    bool write, execute;
    unsigned pat_index; /* which entry of IA32_PAT gives the memory type */
};

struct walk_cpu {
    unsigned levels; /* 4 or 5 */
    unsigned phys_bits;
    bool no_execute, gigabyte_pages;
};

/* False if the address is not mapped. Fails the test at a set reserved bit, or a table outside the arena. */
bool table_walk(const struct walk_cpu *cpu, uint64_t root_phys, uint64_t address, struct page *page);

/* firmware_map() gives out [phys, phys + size), filled with 0xa5, until arena_free(). */
void arena_make(uint64_t phys, uint64_t size);
void arena_free(void);

#endif
