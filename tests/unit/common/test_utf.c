#include "cmocka_all.h"

#include "utf.h"

#include <string.h>

static void every_character_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x10ffff; character++) {
        char bytes[4];
        uint16_t units[2];
        uint32_t back8 = 0, back16 = 0;
        const char *text = bytes;
        const uint16_t *unit = units;
        uint32_t size = utf8_put(character, bytes), count = utf16_put(character, units);
        bool surrogate = character >= 0xd800 && character <= 0xdfff;
        assert_int_equal(utf8_take(&text, bytes + size, &back8), !surrogate);
        assert_int_equal(utf16_take(&unit, units + count, &back16), !surrogate);
        if (surrogate)
            continue;
        assert_ptr_equal(text, bytes + size);
        assert_ptr_equal(unit, units + count);
        assert_int_equal(back8, character);
        assert_int_equal(back16, character);
    }
}

static void bad_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",
        "\xbf",
        "\xc0\xaf",
        "\xc1\x81",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xc3\x28",
        "\xe2\x28\xa1",
        "\xf0\x9f\x98",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *text = cases[i];
        uint32_t character;
        assert_false(utf8_take(&text, cases[i] + strlen(cases[i]), &character));
        assert_ptr_equal(text, cases[i]);
    }
}

static void unpaired_surrogates_are_refused(void **state)
{
    (void)state;
    static const uint16_t cases[][2] = {{0xd800, 'a'}, {0xdc00, 0xd800}, {0xd800, 0xd800}, {0xdfff, 'a'}};
    uint32_t character;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const uint16_t *unit = cases[i];
        assert_false(utf16_take(&unit, cases[i] + 2, &character));
    }
    static const uint16_t cut = 0xd83d;
    const uint16_t *unit = &cut;
    assert_false(utf16_take(&unit, &cut + 1, &character));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_character_survives_the_round_trip),
                                       cmocka_unit_test(bad_utf8_is_refused),
                                       cmocka_unit_test(unpaired_surrogates_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
