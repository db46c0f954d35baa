/* A machine that is nothing but one piece of physical memory: what page tables are built in and walked in. */
#ifndef STAGECOACH_TESTS_ARENA_H
#define STAGECOACH_TESTS_ARENA_H

#include <stdint.h>

/* firmware_map() and fake_memory() give out [phys, phys + size), filled with 0xa5, until arena_free(). Whoever asks for
 * more fails the test, and so does fake_violation(). */
void arena_make(uint64_t phys, uint64_t size);
void arena_free(void);

#endif
