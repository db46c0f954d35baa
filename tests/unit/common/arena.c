#include "cmocka_all.h"

#include "arena.h"

#include "fake_private.h"
#include "firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t arena_phys, arena_size;
static uint8_t *arena;

void arena_make(uint64_t phys, uint64_t size)
{
    arena_phys = phys;
    arena_size = size;
    arena = malloc(size);
    memset(arena, 0xa5, size);
}

void arena_free(void)
{
    free(arena);
    arena = NULL;
}

void *fake_memory(uint64_t phys, uint64_t size)
{
    assert_true(phys >= arena_phys && size <= arena_size && phys - arena_phys <= arena_size - size);
    return arena + (phys - arena_phys);
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    return fake_memory(phys, size);
}

_Noreturn void fake_violation(const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail_msg("%s", text);
    abort();
}
