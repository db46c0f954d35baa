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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_the_check_value), cmocka_unit_test(parts_add_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
