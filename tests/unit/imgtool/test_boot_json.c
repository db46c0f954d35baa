#include "cmocka_all.h"

#include "boot_json.h"
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static enum exit_code translate(const char *text, char **lines)
{
    *lines = NULL;
    return boot_json_translate("boot.json", text, strlen(text), lines);
}

static void keys_become_lines(void **state)
{
    (void)state;
    const struct {
        const char *json, *lines;
    } rows[] = {
        {"{}", ""},
        {"{\"log_level\": \"Trace\"}", "log-level trace\n"},
        {"{\"log_level\": \"Off\", \"serial_logging\": false}", "log-level off\nlog-serial off\n"},
        {"{\"frame_buffer_logging\": true}", "log-screen on\n"},
        {"{\"_test_sentinel\": 193521294356481}", "test-sentinel 193521294356481\n"},
        {"{\"_test_sentinel\": 18446744073709551615}", "test-sentinel 18446744073709551615\n"},
        {"{\"frame_buffer\": {\"minimum_framebuffer_width\": 1280, \"minimum_framebuffer_height\": 720}}",
         "video 1280x720\n"},
        {"{\"frame_buffer\": {\"minimum_framebuffer_width\": null, \"minimum_framebuffer_height\": 720}}",
         "video 1x720\n"},
        {"{\"frame_buffer\": {}}", ""},
        {" {\"unheard_of\": 1}", ""},
        {"\xef\xbb\xbf{\"log_level\": \"Info\"}", "log-level info\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *lines;
        assert_int_equal(translate(rows[i].json, &lines), EXIT_OK);
        assert_string_equal(lines, rows[i].lines);
        free(lines);
    }
}

static void wrong_kinds_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{",
        "{} {}",
        "{\"log_level\": \"Loud\"}",
        "{\"log_level\": 3}",
        "{\"serial_logging\": \"yes\"}",
        "{\"frame_buffer\": 5}",
        "{\"frame_buffer\": {\"minimum_framebuffer_width\": -1}}",
        "{\"frame_buffer\": {\"minimum_framebuffer_width\": 65536}}",
        "{\"frame_buffer\": {\"minimum_framebuffer_height\": \"720\"}}",
        "{\"_test_sentinel\": -1}",
        "{\"_test_sentinel\": 1.5}",
        "{\"a\": \"\xff\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *lines;
        assert_int_equal(translate(rows[i], &lines), EXIT_INPUT_REJECTED);
        assert_null(lines);
    }
}

static void json_is_told_from_lines(void **state)
{
    (void)state;
    assert_true(boot_json_looks_like(" \n{", 3));
    assert_true(boot_json_looks_like("\xef\xbb\xbf{", 4));
    assert_false(boot_json_looks_like("kernel /k\n", 10));
    assert_false(boot_json_looks_like("", 0));
    assert_false(boot_json_looks_like("{", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_lines),
        cmocka_unit_test(wrong_kinds_are_refused),
        cmocka_unit_test(json_is_told_from_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
