#include "cmocka_all.h"

#include <pattern.h>

#include <string.h>

static void finds_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *output;
        bool found;
    } cases[] = {
        {"passed", "all passed\r\n", true},
        {"passed", "all pas", false},
        {"login: ", "login: ", true}, /* a prompt has no line end */
        {"a.b", "axb\n", false},      /* text is text */
        {"a.b", "a.b\n", true},
        {"ab", "a\nb\n", false},
        {"aab", "aaab", true}, /* what does not fit is the beginning of what does */
        {"abcabd", "abcabcabd", true},
        {"aabaaab", "aabaabaaab", true},
        {"abab", "abaab ab", false},
        {"/^passed: [0-9]+$/", "passed: 12\n", true},
        {"/^passed: [0-9]+$/", "passed: 12", false}, /* more digits, or words, may follow */
        {"/^passed: [0-9]+$/", "not passed: 12\n", false},
        {"/^passed: [0-9]+$/", "passed: many\n", false},
        {"/", "a/b\n", true},
        {"//", "a//b\n", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct pattern pattern;
        struct pattern_search whole = {0}, bytes = {0};
        assert_true(pattern_open(&pattern, cases[i].pattern));
        pattern_feed(&pattern, &whole, cases[i].output, strlen(cases[i].output));
        for (const char *byte = cases[i].output; *byte; byte++)
            pattern_feed(&pattern, &bytes, byte, 1);
        if (whole.found != cases[i].found || bytes.found != cases[i].found)
            fail_msg("%s in %s", cases[i].pattern, cases[i].output);
        pattern_close(&pattern);
    }
}

static void refuses_what_it_can_not_look_for(void **state)
{
    (void)state;
    struct pattern pattern;
    assert_false(pattern_open(&pattern, ""));
    assert_false(pattern_open(&pattern, "/(/"));
}

static void withstands_long_lines(void **state)
{
    (void)state;
    struct pattern pattern;
    struct pattern_search search = {0};
    assert_true(pattern_open(&pattern, "end"));
    for (int i = 0; i < 10000; i++)
        pattern_feed(&pattern, &search, "x\0", 2);
    assert_false(search.found);
    pattern_feed(&pattern, &search, "\nthe end", 8);
    assert_true(search.found);
    pattern_close(&pattern);
}

/* Text is found wherever it is; a regular expression sees the beginning of such a line. */
static void finds_text_far_behind_in_a_line(void **state)
{
    (void)state;
    static const size_t distances[] = {0, PATTERN_LINE_MAX - 2, PATTERN_LINE_MAX, PATTERN_LINE_MAX + 1, 100000};
    for (size_t i = 0; i < ARRAY_LENGTH(distances); i++) {
        struct pattern text, regex;
        struct pattern_search text_search = {0}, regex_search = {0};
        assert_true(pattern_open(&text, "the end"));
        assert_true(pattern_open(&regex, "/the end/"));
        for (size_t at = 0; at < distances[i]; at++) {
            pattern_feed(&text, &text_search, "t", 1);
            pattern_feed(&regex, &regex_search, "t", 1);
        }
        pattern_feed(&text, &text_search, "the end\n", 8);
        pattern_feed(&regex, &regex_search, "the end\n", 8);
        assert_true(text_search.found);
        assert_int_equal(regex_search.found, distances[i] + 7 <= PATTERN_LINE_MAX);
        pattern_close(&text);
        pattern_close(&regex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_asked_for),
        cmocka_unit_test(refuses_what_it_can_not_look_for),
        cmocka_unit_test(withstands_long_lines),
        cmocka_unit_test(finds_text_far_behind_in_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
