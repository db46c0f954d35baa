#include "cmocka_all.h"

#include "table_walk.h"

#include "firmware.h"

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

void *firmware_map(uint64_t phys, uint64_t size)
{
    assert_true(phys >= arena_phys && size <= arena_size && phys - arena_phys <= arena_size - size);
    return arena + (phys - arena_phys);
}

static uint64_t bits(unsigned high, unsigned low)
{
    return (high == 63 ? 0 : 1ull << (high + 1)) - (1ull << low);
}

/* Present entries only: what this CPU calls reserved is clear. */
static void check_reserved(const struct walk_cpu *cpu, uint64_t entry, unsigned level, bool leaf)
{
    uint64_t reserved = cpu->phys_bits < 52 ? bits(51, cpu->phys_bits) : 0;
    if (!cpu->no_execute)
        reserved |= 1ull << 63;
    if (level >= 4 || (level == 3 && !cpu->gigabyte_pages))
        reserved |= 1ull << 7;
    if (leaf && level == 2)
        reserved |= bits(20, 13);
    if (leaf && level == 3)
        reserved |= bits(29, 13);
    assert_int_equal(entry & reserved, 0);
}

bool table_walk(const struct walk_cpu *cpu, uint64_t root_phys, uint64_t address, struct page *page)
{
    unsigned top = cpu->levels * 9 + 12 - 1;
    uint64_t table = root_phys, sign = address >> top;
    bool write = true, execute = true;
    assert_true(sign == 0 || sign == UINT64_MAX >> top); /* canonical */

    for (unsigned level = cpu->levels;; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        const uint64_t *entries = firmware_map(table, 4096);
        uint64_t entry = entries[(address >> shift) & 511];
        if ((entry & 1) == 0)
            return false;
        bool leaf = level == 1 || (level < 4 && (entry & 0x80) != 0);
        check_reserved(cpu, entry, level, leaf);
        assert_int_equal(entry & 4, 0); /* nothing is for user mode */
        write = write && (entry & 2) != 0;
        execute = execute && entry >> 63 == 0;
        if (!leaf) {
            table = entry & bits(51, 12);
            continue;
        }
        uint64_t offset = address & ((1ull << shift) - 1);
        unsigned pat = (unsigned)(entry >> (level == 1 ? 7 : 12)) & 1;
        *page = (struct page){
            .phys = (entry & bits(51, shift)) + offset,
            .size = 1ull << shift,
            .write = write,
            .execute = execute,
            .pat_index = pat << 2 | ((unsigned)(entry >> 3) & 3),
        };
        return true;
    }
}
