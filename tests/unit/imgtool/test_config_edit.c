/* config_edit: one key changes, the rest stays byte for byte. */
#include "cmocka_all.h"

#include <config_edit.h>

#include <stdlib.h>
#include <string.h>

static void one_line_changes(void **state)
{
    (void)state;
    static const struct {
        const char *before, *value, *after;
    } cases[] = {
        {"", "a", "cmdline a\n"},
        {"kernel /k\n", "a", "kernel /k\ncmdline a\n"},
        {"kernel /k", "a", "kernel /k\ncmdline a\n"},
        {"cmdline x\n", "a  b", "cmdline a  b\n"},
        {"cmdline x", "", "cmdline\n"},
        {"kernel /k\r\ncmdline x\r\nvideo off\r\n", "a", "kernel /k\r\ncmdline a\nvideo off\r\n"},
        {"  cmdline\tx  \n# cmdline y\n", "a", "cmdline a\n# cmdline y\n"},
        {"# cmdline y\ncmdlines z\n", "a", "# cmdline y\ncmdlines z\ncmdline a\n"},
        {"\xef\xbb\xbf"
         "cmdline x\nkernel /k\n",
         "a",
         "\xef\xbb\xbf"
         "cmdline a\nkernel /k\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = strdup(cases[i].before);
        size_t size = strlen(cases[i].before);
        assert_int_equal(config_edit_set(&text, &size, "cmdline", cases[i].value), EXIT_OK);
        assert_int_equal(size, strlen(cases[i].after));
        assert_memory_equal(text, cases[i].after, size);
        free(text);
    }
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    char *text = strdup("cmdline \x01\n");
    size_t size = strlen(text);
    assert_int_equal(config_edit_set(&text, &size, "cmdline", "a"), EXIT_INPUT_REJECTED);
    assert_string_equal(text, "cmdline \x01\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_changes),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
