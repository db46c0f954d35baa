#include "cmocka_all.h"

#include "size.h"

static void sizes_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"516096", 516096},
        {"64K", 64 << 10},
        {"64k", 64 << 10},
        {"36M", 36 << 20},
        {"36MiB", 36 << 20},
        {"100G", 100ull << 30},
        {"2T", 2ull << 40},
        {"9223372036854775807", INT64_MAX},
        {"8388607T", 8388607ull << 40},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t bytes = 1;
        assert_true(size_parse(cases[i].text, &bytes));
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "M",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.5G",
                                        "0x10",
                                        "1X",
                                        "1MB",
                                        "1Mi",
                                        "1MiBx",
                                        "1iB",
                                        "1\x0d",
                                        "9223372036854775808",
                                        "8388608T",
                                        "18446744073709551616",
                                        "99999999999999999999999"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        uint64_t bytes = 7;
        assert_false(size_parse(texts[i], &bytes));
        assert_int_equal(bytes, 7);
    }
}

static void sizes_are_shown_without_loss(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(size_text(0, text, sizeof text), "0 bytes");
    assert_string_equal(size_text(516096, text, sizeof text), "504 KiB");
    assert_string_equal(size_text(1023, text, sizeof text), "1023 bytes");
    assert_string_equal(size_text(36 << 20, text, sizeof text), "36 MiB");
    assert_string_equal(size_text(100ull << 30, text, sizeof text), "100 GiB");
    assert_string_equal(size_text(5000ull << 40, text, sizeof text), "5000 TiB");
    assert_string_equal(size_about(1023, text, sizeof text), "1023 bytes");
    assert_string_equal(size_about(3086990848, text, sizeof text), "2.9 GiB");
    assert_string_equal(size_about(36 << 20, text, sizeof text), "36 MiB");
    assert_string_equal(size_about(5000ull << 40, text, sizeof text), "4.9 PiB");
    assert_string_equal(size_about(UINT64_MAX, text, sizeof text), "16 EiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_are_parsed), cmocka_unit_test(other_texts_are_refused),
                                       cmocka_unit_test(sizes_are_shown_without_loss)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
