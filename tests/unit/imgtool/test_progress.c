/* The text of the progress bar: share, rate and remaining time, and what the terminal has room for. */
#include <cmocka_all.h>
#include <progress.h>

#include <string.h>

#define MIB (1ull << 20)

static char text[160];

static const char *line(uint64_t total, uint64_t done, uint64_t elapsed, unsigned columns)
{
    memset(text, 'x', sizeof text);
    return progress_text("writing", total, done, elapsed, columns, text, sizeof text);
}

static void tells_share_rate_and_rest(void **state)
{
    (void)state;
    assert_string_equal(line(100 * MIB, 50 * MIB, 2000, 0),
                        "writing [###############...............]  50%  25.0 MiB/s  0:02 left");
    assert_string_equal(line(1000 * MIB, 5 * MIB, 2000, 0),
                        "writing [..............................]   0%  2.5 MiB/s  6:38 left");
    assert_string_equal(line(10 * MIB, 10 * MIB, 1000, 0),
                        "writing [##############################] 100%  10.0 MiB/s  0:00 left");
}

/* Nothing done yet, nothing to do, more than was expected, and the largest numbers there are. */
static void survives_any_numbers(void **state)
{
    (void)state;
    assert_null(strstr(line(MIB, 0, 1500, 0), "left"));
    assert_non_null(strstr(line(0, 0, 1500, 0), "100%"));
    assert_non_null(strstr(line(0, 5, 0, 0), "100%"));
    assert_non_null(strstr(line(MIB, 3 * MIB, 1000, 0), "100%"));
    assert_non_null(strstr(line(UINT64_MAX, UINT64_MAX, 1, 0), "100%"));
    assert_non_null(strstr(line(UINT64_MAX, 1 << 12, UINT64_MAX, 0), "0%"));
}

static void fits_the_terminal(void **state)
{
    (void)state;
    for (unsigned columns = 1; columns < 200; columns++)
        assert_true(strlen(line(UINT64_MAX, UINT64_MAX / 2, 100, columns)) < columns);
    assert_null(strchr(line(100 * MIB, 50 * MIB, 2000, 60), '#'));
    assert_string_equal(text, "writing  50%  25.0 MiB/s  0:02 left");
    assert_non_null(strchr(line(100 * MIB, 50 * MIB, 2000, 81), '#'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_share_rate_and_rest),
        cmocka_unit_test(survives_any_numbers),
        cmocka_unit_test(fits_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
