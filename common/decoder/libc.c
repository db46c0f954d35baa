/* The few functions of a C library that libzstd's decoder names, besides those of common/memory.c. Memory is not to be
 * had: a decoder with a static workspace does not ask. */
#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *memory);
_Noreturn void __stack_chk_fail(void);

void *malloc(size_t size)
{
    (void)size;
    return NULL;
}

void *calloc(size_t count, size_t size)
{
    (void)count;
    (void)size;
    return NULL;
}

void free(void *memory)
{
    (void)memory;
}

/* The exception handler of whoever runs this has the words for it. */
_Noreturn void __stack_chk_fail(void)
{
    for (;;)
        __asm__ volatile("ud2");
}
