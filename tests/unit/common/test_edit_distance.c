#include "cmocka_all.h"

#include "edit_distance.h"

#include <string.h>

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *known;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"kernel", "kernel", 0},
        {"kernal", "kernel", 1},
        {"kernl", "kernel", 1},
        {"kkernel", "kernel", 1},
        {"kitten", "sitting", 3},
        {"flaw", "lawn", 2},
        {"abcdef", "azced", 3},
        {"video", "VIDEO", 5},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(edit_distance(cases[i].typed, strlen(cases[i].typed), cases[i].known), cases[i].distance);
}

static void long_words(void **state)
{
    (void)state;
    char word[100];
    memset(word, 'a', sizeof word - 1);
    word[99] = '\0';
    assert_int_equal(edit_distance(word, 99, "a"), 98);
    assert_int_equal(edit_distance("a", 1, word), EDIT_DISTANCE_WORD_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances), cmocka_unit_test(long_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
