#include "cmocka_all.h"

#include <matrix.h>

#include <stdio.h>
#include <string.h>

static const struct matrix_case *find(const struct matrix *matrix, const char *name)
{
    for (size_t i = 0; i < matrix->count; i++)
        if (strcmp(matrix->cases[i].name, name) == 0)
            return &matrix->cases[i];
    fail_msg("no case %s", name);
    return NULL;
}

static void parse(const char *text, struct matrix *matrix)
{
    struct matrix_error error;
    if (!matrix_parse(text, strlen(text), matrix, &error))
        fail_msg("line %u: %s", error.line, error.text);
}

static void combines_axes(void **state)
{
    (void)state;
    struct matrix matrix;
    parse("firmware bios uefi\ndisk ahci nvme usb\n# comment\n\n  memory\t64M 2G\r\nexclude firmware=uefi memory=64M",
          &matrix);
    assert_int_equal(matrix.count, 2 * 3 * 2 - 3);
    assert_string_equal(matrix.cases[0].name, "bios-ahci-64M");
    assert_string_equal(matrix.cases[1].name, "bios-ahci-2G");
    const struct matrix_case *last = find(&matrix, "uefi-usb-2G");
    assert_string_equal(last->values[AXIS_FIRMWARE], "uefi");
    assert_string_equal(last->values[AXIS_DISK], "usb");
    assert_string_equal(last->values[AXIS_MEMORY], "2G");
    assert_null(last->values[AXIS_CPU]);
    matrix_free(&matrix);
}

static void takes_single_cases(void **state)
{
    (void)state;
    struct matrix matrix;
    parse("case big memory=8G cpu=qemu64,phys-bits=46 timeout=300 -- -d int '-name a b'\ncase plain\ntimeout 20\n",
          &matrix);
    assert_int_equal(matrix.count, 2);
    const struct matrix_case *big = find(&matrix, "big");
    assert_string_equal(big->values[AXIS_CPU], "qemu64,phys-bits=46");
    assert_int_equal(big->timeout_seconds, 300);
    assert_int_equal(big->qemu.count, 3);
    assert_string_equal(big->qemu.items[2], "-name a b");
    assert_int_equal(find(&matrix, "plain")->timeout_seconds, 20);
    matrix_free(&matrix);
}

static void applies_lines_to_what_they_match(void **state)
{
    (void)state;
    struct matrix matrix;
    parse("firmware bios uefi\ncpu default max\ntimeout 10\ntimeout 60 firmware=uefi\nqemu cpu=default -- -S\n"
          "qemu -- -d int",
          &matrix);
    assert_int_equal(matrix.count, 4);
    assert_int_equal(find(&matrix, "bios-max")->timeout_seconds, 10);
    assert_int_equal(find(&matrix, "uefi-max")->timeout_seconds, 60);
    assert_int_equal(find(&matrix, "uefi-max")->qemu.count, 2);
    const struct matrix_case *plain = find(&matrix, "bios-default");
    assert_int_equal(plain->qemu.count, 3);
    assert_string_equal(plain->qemu.items[0], "-S");
    assert_null(plain->values[AXIS_CPU]);
    matrix_free(&matrix);
}

static void refuses_with_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *said;
    } cases[] = {
        {"", 0, "no case"},
        {"# nothing\n", 0, "no case"},
        {"firmware bios\nfirmwear uefi\n", 2, "'firmwear'"},
        {"\n\nfirmware\n", 3, "no values"},
        {"firmware bios bios", 1, "twice"},
        {"firmware bios\nfirmware uefi", 2, "twice"},
        {"case", 1, "name"},
        {"case ../x", 1, "name"},
        {"case -x", 1, "name"},
        {"case a b", 1, "AXIS=VALUE"},
        {"case a disk=", 1, "AXIS=VALUE"},
        {"case a colour=red", 1, "AXIS=VALUE"},
        {"case a disk=ide disk=usb", 1, "twice"},
        {"case a timeout=0", 1, "seconds"},
        {"case a timeout=-1", 1, "seconds"},
        {"case a\ntimeout 86401", 2, "seconds"},
        {"case a\ntimeout", 2, "seconds"},
        {"case a\ncase a", 0, "called a"},
        {"memory a/b a?b", 0, "called a_b"},
        {"case a\nexclude disk=ide", 2, "matches no case"},
        {"disk ide\nexclude", 2, "exclude needs"},
        {"disk ide\nexclude disk=ide", 0, "no case"},
        {"case a\nqemu", 2, "missing"},
        {"case a\nexclude disk=ide -- -S", 2, "stand behind"},
        {"case 'a", 1, "quote"},
        {"case a -- \"b", 1, "quote"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct matrix matrix;
        struct matrix_error error = {0};
        assert_false(matrix_parse(cases[i].text, strlen(cases[i].text), &matrix, &error));
        if (error.line != cases[i].line || !strstr(error.text, cases[i].said))
            fail_msg("%s: line %u: %s", cases[i].text, error.line, error.text);
        matrix_free(&matrix);
    }
}

static void bounds_the_number_of_cases(void **state)
{
    (void)state;
    char text[8192];
    size_t size = 0;
    for (int axis = 0; axis < AXIS_COUNT; axis++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s", matrix_axis_names[axis]);
        for (int i = 0; i < 64; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, " v%d", i);
        size += (size_t)snprintf(text + size, sizeof text - size, "\n");
    }
    struct matrix matrix;
    struct matrix_error error = {0};
    assert_false(matrix_parse(text, size, &matrix, &error));
    assert_non_null(strstr(error.text, "1000"));
    matrix_free(&matrix);
}

static void the_default_is_sound(void **state)
{
    (void)state;
    struct matrix matrix;
    parse(matrix_default, &matrix);
    assert_in_range(matrix.count, 4, 10);
    matrix_free(&matrix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combines_axes),
        cmocka_unit_test(takes_single_cases),
        cmocka_unit_test(applies_lines_to_what_they_match),
        cmocka_unit_test(refuses_with_the_line),
        cmocka_unit_test(bounds_the_number_of_cases),
        cmocka_unit_test(the_default_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
