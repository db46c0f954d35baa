#include "cmocka_all.h"

#include <nearest.h>

static const char *const words[] = {"build-image", "run", "iso", "explain", "inspect", "verify"};

static void finds_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"rnu", "run"},
        {"runn", "run"},
        {"build-imgae", "build-image"},
        {"buildimage", "build-image"},
        {"inspct", "inspect"},
        {"verfiy", "verify"},
        {"foo", NULL},
        {"is", "iso"},
        {"", NULL},
        {"frobnicate", NULL},
        {"run", "run"},
        {"RUN", NULL},
        {"explan", "explain"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *found = nearest_word(cases[i].typed, words, ARRAY_LENGTH(words));
        if (cases[i].meant)
            assert_string_equal(found, cases[i].meant);
        else
            assert_null(found);
    }
}

static void nothing_to_choose_from(void **state)
{
    (void)state;
    assert_null(nearest_word("run", words, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_meant),
        cmocka_unit_test(nothing_to_choose_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
