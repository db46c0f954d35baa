/* SPDX-License-Identifier: MIT
 *
 * memcpy, memmove, memset and memcmp: GCC and Clang call them even from freestanding code. Include this header in one
 * source file of a kernel that has no C library; it defines the four functions.
 */
#ifndef STAGECOACH_FUNCTIONS_H
#define STAGECOACH_FUNCTIONS_H

#include <stddef.h>

#ifdef __cplusplus /* these functions are C, casts and all */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

#ifdef __cplusplus
extern "C" {
#endif

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* String instructions, so that the compiler can't turn a loop back into a call of the very function. `used`: with LTO
 * the calls appear only after the functions would have been dropped. */
__attribute__((used)) void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

__attribute__((used)) void *memmove(void *to, const void *from, size_t size)
{
    if ((size_t)((const char *)to - (const char *)from) >= size)
        return memcpy(to, from, size);
    char *last_to = (char *)to + size - 1;
    const char *last_from = (const char *)from + size - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(last_to), "+S"(last_from), "+c"(size) : : "memory", "cc");
    return to;
}

__attribute__((used)) void *memset(void *to, int value, size_t size)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return result;
}

__attribute__((used)) int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = (const unsigned char *)a, *right = (const unsigned char *)b;
    for (; size > 0; size--, left++, right++) {
        if (*left != *right)
            return *left < *right ? -1 : 1;
    }
    return 0;
}

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
