#include "cmocka_all.h"

#include "crc32.h"

#include <string.h>

/* "123456789" is the check value of every catalogue of CRCs. */
static void knows_the_check_value(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_add(0, "", 0), 0);
    assert_int_equal(crc32_add(0, "\0\0\0\0", 4), 0x2144df1c);
}

static void parts_add_up(void **state)
{
    (void)state;
    for (uint64_t cut = 0; cut <= 9; cut++)
        assert_int_equal(crc32_add(crc32_add(0, "123456789", cut), &"123456789"[cut], 9 - cut), 0xcbf43926);
}

/* The definition, a bit at a time. */
static uint32_t by_definition(const uint8_t *bytes, uint64_t size)
{
    uint32_t crc = UINT32_MAX;
    for (uint64_t i = 0; i < 8 * size; i++) {
        uint32_t bit = (crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1;
        crc = crc >> 1 ^ (bit ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void every_length_and_alignment_is_right(void **state)
{
    (void)state;
    uint8_t bytes[80];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    for (uint64_t start = 0; start < 8; start++)
        for (uint64_t size = 0; size <= 70; size++)
            assert_int_equal(crc32_add(0, bytes + start, size), by_definition(bytes + start, size));
}

/* Runs of zeros long and short, at every alignment, between other bytes and up to the end. */
static void zeros_count_like_other_bytes(void **state)
{
    (void)state;
    static uint8_t bytes[8192];
    static const uint64_t runs[] = {1, 7, 8, 1016, 1023, 1024, 1025, 1031, 1032, 4096, 5000};
    for (uint64_t before = 0; before < 9; before++) {
        for (size_t i = 0; i < ARRAY_LENGTH(runs); i++) {
            memset(bytes, 0x5a, sizeof bytes);
            memset(bytes + before, 0, runs[i]);
            memset(bytes + before + runs[i] + 3, 0, 1500);
            uint64_t size = before + runs[i];
            assert_int_equal(crc32_add(0, bytes, size), by_definition(bytes, size));
            assert_int_equal(crc32_add(7, bytes, size + 1600),
                             crc32_add(crc32_add(7, bytes, 5), bytes + 5, size + 1595));
            assert_int_equal(crc32_add(0, bytes, size + 1600), by_definition(bytes, size + 1600));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_the_check_value), cmocka_unit_test(parts_add_up),
                                       cmocka_unit_test(every_length_and_alignment_is_right),
                                       cmocka_unit_test(zeros_count_like_other_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
