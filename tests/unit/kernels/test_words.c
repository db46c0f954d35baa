/* The conformance kernel's reading of its command line, and its hash. */
#include "cmocka_all.h"

#include "bytes.h"
#include "words.h"

static void finds_whole_words_only(void **state)
{
    (void)state;
    assert_true(words_have("framebuffer", "framebuffer"));
    assert_true(words_have("a framebuffer b", "framebuffer"));
    assert_false(words_have("no-framebuffer", "framebuffer"));
    assert_false(words_have("framebuffers", "framebuffer"));
    assert_false(words_have("", "framebuffer"));
}

static void reads_numbers_behind_keys(void **state)
{
    (void)state;
    assert_int_equal(words_number("modules=2", "modules=", 7), 2);
    assert_int_equal(words_number("x modules=40 y", "modules=", 7), 40);
    assert_int_equal(words_number("xmodules=40", "modules=", 7), 7);
    assert_int_equal(words_number("", "modules=", 7), 7);
}

static void judges_the_hash(void **state)
{
    (void)state;
    /* FNV-1a 64 of "a" is a published test vector. */
    assert_true(words_sound("a fnv=af63dc4c8601ec8c"));
    assert_false(words_sound("b fnv=af63dc4c8601ec8c"));
    assert_false(words_sound("a fnv=af63dc4c8601ec8d"));
    assert_true(words_sound("no hash at all"));
    assert_true(words_sound(""));
}

static void accepts_printable_text_only(void **state)
{
    (void)state;
    assert_int_equal(text_length("", 1), 0);
    assert_int_equal(text_length("a\tb\n", 10), 4);
    assert_int_equal(text_length("\303\244", 10), 2);
    assert_int_equal(text_length("a\001", 10), -1);
    assert_int_equal(text_length("a\177", 10), -1);
    assert_int_equal(text_length("abc", 3), -1); /* the NUL lies behind the limit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_whole_words_only),
        cmocka_unit_test(reads_numbers_behind_keys),
        cmocka_unit_test(judges_the_hash),
        cmocka_unit_test(accepts_printable_text_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
