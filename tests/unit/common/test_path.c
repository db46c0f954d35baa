#include "cmocka_all.h"

#include "path.h"

#include <string.h>

static enum status check(const char *path)
{
    struct error error;
    return path_check(path, strlen(path), &error);
}

static void good_paths_pass(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",
                                        "/a",
                                        "/boot/kernel.elf",
                                        "/.hidden",
                                        "/a..b/c",
                                        "/mit Leerzeichen/x",
                                        "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                        "/a+b,c;d=[e]"};
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
        assert_int_equal(check(paths[i]), STATUS_OK);
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",     "a",    "boot/x", "//",    "/a/",    "/a//b",  "/.",    "/..",   "/a/../b",
        "/a/.", "/a.",  "/a ",    "/a\\b", "/a:b",   "/a*",    "/a?b",  "/a\"b", "/a<b",
        "/a>b", "/a|b", "/a\tb",  "/a\n",  "/a\x7f", "/a\xff", "/\xc3",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
        assert_int_equal(check(paths[i]), STATUS_PATH_BAD);
    struct error error;
    assert_int_equal(path_check("/a\0b", 4, &error), STATUS_PATH_BAD);
}

static void names_have_255_units_at_most(void **state)
{
    (void)state;
    char path[1100] = "/";
    memset(path + 1, 'x', 255);
    assert_int_equal(check(path), STATUS_OK);
    strcat(path, "x");
    assert_int_equal(check(path), STATUS_PATH_BAD);
    strcpy(path, "/");
    for (size_t i = 0; i < 127; i++) /* two units each */
        strcat(path, "\xf0\x9f\x98\x80");
    strcat(path, "x");
    assert_int_equal(check(path), STATUS_OK);
    strcat(path, "x");
    assert_int_equal(check(path), STATUS_PATH_BAD);
}

static bool equal(const char *one, const char *other)
{
    bool result = path_names_equal(one, strlen(one), other, strlen(other));
    assert_int_equal(path_names_equal(other, strlen(other), one, strlen(one)), result);
    return result;
}

static void names_are_compared_without_case(void **state)
{
    (void)state;
    assert_true(equal("kernel.elf", "KERNEL.ELF"));
    assert_true(equal("\xc3\xa4", "\xc3\x84"));                 /* a and A with diaeresis */
    assert_true(equal("\xce\xb1\xcf\x89", "\xce\x91\xce\xa9")); /* alpha omega */
    assert_true(equal("\xd1\x8f\xd1\x91", "\xd0\xaf\xd0\x81")); /* ya yo */
    assert_false(equal("\xc3\xb7", "\xc3\x97"));                /* division and multiplication sign */
    assert_false(equal("kernel.elf", "kernel.el"));
    assert_false(equal("", "a"));
    assert_false(equal("[", "{"));
    assert_true(equal("", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_paths_pass), cmocka_unit_test(bad_paths_are_refused),
                                       cmocka_unit_test(names_have_255_units_at_most),
                                       cmocka_unit_test(names_are_compared_without_case)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
