/* The four functions that compilers call on their own. In the loaders they come from memory.c, elsewhere from libc. */
#ifndef STAGECOACH_MEMORY_H
#define STAGECOACH_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
