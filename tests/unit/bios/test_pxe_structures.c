/* !PXE and PXENV+ as ROMs have them, and what is no such structure. */
#include "../cmocka_all.h"

#include "pxe_structures.h"

#include <stdlib.h>
#include <string.h>

#define NEW_SIZE 0x58
#define OLD_SIZE 0x2c
#define ENTRY 0x90000a2bu /* segment << 16 | offset */
#define NEWER 0x90000070u

static uint8_t bytes[256];

static void put32(size_t at, uint32_t value)
{
    memcpy(bytes + at, &value, sizeof value);
}

/* Makes all bytes of the structure sum to zero. */
static void sum_up(size_t checksum, size_t size)
{
    uint8_t sum = 0;
    bytes[checksum] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[checksum] = (uint8_t)-sum;
}

static void make_new(uint8_t size)
{
    memset(bytes, 0x11, sizeof bytes);
    memcpy(bytes, "!PXE", 4);
    bytes[4] = size;
    put32(16, ENTRY);
    sum_up(5, size);
}

static void make_old(uint8_t size, uint16_t version)
{
    memset(bytes, 0x11, sizeof bytes);
    memcpy(bytes, "PXENV+", 6);
    memcpy(bytes + 6, &version, sizeof version);
    bytes[8] = size;
    put32(10, ENTRY);
    put32(40, NEWER);
    sum_up(9, size);
}

/* In memory of their own, so that a look beyond the end is seen. */
static bool parse_new(size_t size, uint32_t *entry)
{
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, bytes, size);
    copy = realloc(copy, size > 0 ? size : 1);
    bool ok = pxe_parse_new((struct span){copy, size}, entry);
    free(copy);
    return ok;
}

static bool parse_old(size_t size, uint32_t *entry, uint32_t *newer)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    bool ok = pxe_parse_old((struct span){copy, size}, entry, newer);
    free(copy);
    return ok;
}

static void the_new_structure_tells_its_entry(void **state)
{
    (void)state;
    uint32_t entry = 0;
    make_new(NEW_SIZE);
    assert_true(parse_new(NEW_SIZE, &entry));
    assert_int_equal(entry, ENTRY);
    make_new(255);
    assert_true(parse_new(255, &entry));
}

static void a_damaged_new_structure_is_none(void **state)
{
    (void)state;
    uint32_t entry;
    for (size_t i = 0; i < NEW_SIZE; i++) {
        make_new(NEW_SIZE);
        bytes[i] ^= 1;
        assert_false(parse_new(sizeof bytes - 1, &entry)); /* its sum, if nothing else */
    }
    make_new(NEW_SIZE);
    for (size_t size = 0; size < NEW_SIZE; size++)
        assert_false(parse_new(size, &entry));
    make_new(NEW_SIZE - 1);
    assert_false(parse_new(sizeof bytes - 1, &entry));
    make_new(NEW_SIZE);
    put32(16, 0);
    sum_up(5, NEW_SIZE);
    assert_false(parse_new(NEW_SIZE, &entry));
}

static void the_old_structure_may_know_the_new_one(void **state)
{
    (void)state;
    uint32_t entry = 0, newer = 0;
    make_old(OLD_SIZE, 0x0201);
    assert_true(parse_old(OLD_SIZE, &entry, &newer));
    assert_int_equal(entry, ENTRY);
    assert_int_equal(newer, NEWER);
    make_old(OLD_SIZE, 0x0200); /* there, the field means something else */
    assert_true(parse_old(OLD_SIZE, &entry, &newer));
    assert_int_equal(newer, 0);
    newer = 1;
    make_old(0x26, 0x0201); /* the field lies behind its end */
    assert_true(parse_old(sizeof bytes - 1, &entry, &newer));
    assert_int_equal(newer, 0);
}

static void a_damaged_old_structure_is_none(void **state)
{
    (void)state;
    uint32_t entry, newer;
    for (size_t i = 0; i < OLD_SIZE; i++) {
        make_old(OLD_SIZE, 0x0201);
        bytes[i] ^= 0x81; /* 0x80 in the length would add just as much of the filler */
        assert_false(parse_old(sizeof bytes - 1, &entry, &newer));
    }
    make_old(OLD_SIZE, 0x0201);
    for (size_t size = 0; size < OLD_SIZE; size++)
        assert_false(parse_old(size, &entry, &newer));
    make_old(0x25, 0x0201);
    assert_false(parse_old(sizeof bytes - 1, &entry, &newer));
    make_old(OLD_SIZE, 0x0201);
    put32(10, 0);
    sum_up(9, OLD_SIZE);
    assert_false(parse_old(OLD_SIZE, &entry, &newer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_structure_tells_its_entry),
        cmocka_unit_test(a_damaged_new_structure_is_none),
        cmocka_unit_test(the_old_structure_may_know_the_new_one),
        cmocka_unit_test(a_damaged_old_structure_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
