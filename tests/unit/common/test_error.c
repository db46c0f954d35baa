#include "cmocka_all.h"

#include "error.h"

#include <string.h>

static void set_returns_and_stores(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(error_set(&error, STATUS_ELF_MAGIC, "%s: starts with %#x", "kernel.elf", 0x7fu), STATUS_ELF_MAGIC);
    assert_int_equal(error.status, STATUS_ELF_MAGIC);
    assert_string_equal(error.text, "kernel.elf: starts with 0x7f");
}

static void control_characters_do_not_survive(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_PATH_BAD, "name '%s'", "a\nb\x1b[2J\x7f\xc3\xa4");
    assert_string_equal(error.text, "name 'a?b?[2J?\xc3\xa4'");
    error_prefix(&error, "in\t%s", "dir\r");
    assert_string_equal(error.text, "in?dir?: name 'a?b?[2J?\xc3\xa4'");
}

static void long_texts_end_in_dots(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof text);
    for (size_t length = 250; length < 300; length++) {
        struct error error;
        error_set(&error, STATUS_INTERNAL, "%.*s", (int)length, text);
        assert_int_equal(strlen(error.text), length < 256 ? length : 255);
        assert_string_equal(error.text + strlen(error.text) - 3, length < 256 ? "xxx" : "...");
    }
}

static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 4; offset++) {
        char text[400] = "";
        memset(text, 'x', offset);
        while (strlen(text) < 300)
            strcat(text, "\xe2\x82\xac"); /* three bytes each */
        struct error error;
        error_set(&error, STATUS_INTERNAL, "%s", text);
        size_t kept = strlen(error.text) - 3;
        assert_string_equal(error.text + kept, "...");
        assert_int_equal((kept - offset) % 3, 0);
        assert_true(kept >= 250);
    }
}

static void prefixes_pile_up(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_READ_ERROR, "sector %u", 7u);
    assert_int_equal(error_prefix(&error, "reading %s", "/kernel.elf"), STATUS_READ_ERROR);
    assert_string_equal(error.text, "reading /kernel.elf: sector 7");
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(error_prefix(&error, "level %u", i), STATUS_READ_ERROR);
    assert_int_equal(strlen(error.text), 255);
    assert_memory_equal(error.text, "level 39: level 38: ", 20);
    assert_string_equal(error.text + 252, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_and_stores), cmocka_unit_test(control_characters_do_not_survive),
        cmocka_unit_test(long_texts_end_in_dots), cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(prefixes_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
