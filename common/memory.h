/* The four functions that compilers call on their own. In the loaders they come from memory.c, elsewhere from libc. */
#ifndef STAGECOACH_MEMORY_H
#define STAGECOACH_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* A copy of known, small size is an instruction or two, which is less than a call: without a libc, compilers don't
 * think of that. Of a large one they make string instructions of four bytes a step; ours take eight. */
#if __STDC_HOSTED__ == 0
#define MEMORY_INLINE(size) (__builtin_constant_p(size) && (size) <= 64)
#define memcpy(to, from, size) (MEMORY_INLINE(size) ? __builtin_memcpy(to, from, size) : (memcpy)(to, from, size))
#define memset(to, value, size) (MEMORY_INLINE(size) ? __builtin_memset(to, value, size) : (memset)(to, value, size))
#endif

#endif
