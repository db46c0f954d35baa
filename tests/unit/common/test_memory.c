/* common/memory.c compiled under other names, beside the libc's versions that serve as the oracle. */
#include "cmocka_all.h"

#include <string.h>

void *loader_memcpy(void *restrict to, const void *restrict from, size_t size);
void *loader_memmove(void *to, const void *from, size_t size);
void *loader_memset(void *to, int value, size_t size);
int loader_memcmp(const void *a, const void *b, size_t size);

#define ROOM 96

static void fill(unsigned char *bytes)
{
    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
}

static void copies_every_offset_and_size(void **state)
{
    (void)state;
    for (size_t to = 0; to < 24; to++) {
        for (size_t from = 0; from < 24; from++) {
            for (size_t size = 0; size < 40; size++) {
                unsigned char source[ROOM], expected[ROOM] = {0}, got[ROOM] = {0}, moved[ROOM], moved_expected[ROOM];
                fill(source);
                memcpy(expected + to, source + from, size);
                assert_ptr_equal(loader_memcpy(got + to, source + from, size), got + to);
                assert_memory_equal(got, expected, ROOM);

                fill(moved);
                fill(moved_expected);
                memmove(moved_expected + to, moved_expected + from, size);
                assert_ptr_equal(loader_memmove(moved + to, moved + from, size), moved + to);
                assert_memory_equal(moved, moved_expected, ROOM);
            }
        }
    }
}

static void sets_only_what_it_should(void **state)
{
    (void)state;
    for (size_t to = 0; to < 16; to++) {
        for (size_t size = 0; size < 40; size++) {
            unsigned char expected[ROOM], got[ROOM];
            fill(expected);
            fill(got);
            memset(expected + to, 0x1a5, size);
            assert_ptr_equal(loader_memset(got + to, 0x1a5, size), got + to);
            assert_memory_equal(got, expected, ROOM);
        }
    }
}

static void compares_as_unsigned_bytes(void **state)
{
    (void)state;
    assert_int_equal(loader_memcmp("abc", "abd", 2), 0);
    assert_int_equal(loader_memcmp("a", "b", 0), 0);
    assert_true(loader_memcmp("abc", "abd", 3) < 0);
    assert_true(loader_memcmp("\x80", "\x7f", 1) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_every_offset_and_size),
        cmocka_unit_test(sets_only_what_it_should),
        cmocka_unit_test(compares_as_unsigned_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
