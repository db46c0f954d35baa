#include "cmocka_all.h"

#include "format.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What format() shares with the host's printf must come out the same. */
#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours[128], theirs[128];                                                                                   \
        size_t length = format(ours, sizeof ours, __VA_ARGS__);                                                        \
        int expected = snprintf(theirs, sizeof theirs, __VA_ARGS__);                                                   \
        assert_string_equal(ours, theirs);                                                                             \
        assert_int_equal(length, expected);                                                                            \
    } while (0)

/* As format(), out of the compiler's sight: for formats that it would rightly warn of. */
static size_t format_unchecked(char *out, size_t size, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t length = format_list(out, size, text, arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
    return length;
}

static void strings(void **state)
{
    (void)state;
    SAME("%s", "plain");
    SAME("[%8s] [%-8s] [%2s]", "pad", "pad", "longer");
    SAME("[%.2s] [%.0s] [%.*s] [%*s] [%*s]", "cut", "gone", 3, "abcdef", 6, "wide", -6, "left");
    SAME("[%.*s]", -1, "a negative precision is none");
    SAME("%c%c [%3c] [%-3c]", 'a', 'b', 'c', 'd');
    SAME("100%%");
    const char unterminated[3] = {'a', 'b', 'c'};
    SAME("%.*s", 3, unterminated);

    char text[16];
    format_unchecked(text, sizeof text, "%s", (char *)NULL);
    assert_string_equal(text, "(null)");
}

static void decimals(void **state)
{
    (void)state;
    const int values[] = {0, 1, -1, 9, 10, 42, -42, INT_MAX, INT_MIN};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        SAME("%d %i [%6d] [%-6d] [%06d]", values[i], values[i], values[i], values[i], values[i]);
        SAME("[%.4d] [%8.4d] [%-8.4d] [%.0d]", values[i], values[i], values[i], values[i]);
        SAME("%u %x %X %#x", (unsigned)values[i], (unsigned)values[i], (unsigned)values[i], (unsigned)values[i]);
        SAME("[%#10x] [%#010x] [%-#10x] [%#.6x]", (unsigned)values[i], (unsigned)values[i], (unsigned)values[i],
             (unsigned)values[i]);
    }
}

static void lengths(void **state)
{
    (void)state;
    SAME("%hhd %hhu %hd %hu", (signed char)-1, (unsigned char)255, (short)-2, (unsigned short)65534);
    SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
    SAME("%lld %llu %#llx", LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
    SAME("%zu %zx %zd", SIZE_MAX, SIZE_MAX, (ptrdiff_t)-5);
    SAME("%jd %ju %td", INTMAX_MIN, UINTMAX_MAX, PTRDIFF_MIN);
    SAME("%p", (void *)(uintptr_t)0x1234);
    format_unchecked(NULL, 0, "%p", (void *)NULL);

    char text[32];
    format_unchecked(text, sizeof text, "%hhu %hu", 0x1ff, 0x1ffff); /* only the low bits count */
    assert_string_equal(text, "255 65535");
    format_unchecked(text, sizeof text, "%p", (void *)NULL);
    assert_string_equal(text, "0x0");
}

static void many_arguments(void **state)
{
    (void)state; /* more than registers hold */
    SAME("%d %s %llu %d %s %llu %d %s %llu", 1, "a", 2ull, 3, "b", 4ull, 5, "c", 6ull);
}

static void unknown_conversions_are_copied(void **state)
{
    (void)state;
    static const struct {
        const char *format, *expected;
    } cases[] = {
        {"%q", "%q"},
        {"a%", "a%"},
        {"%-08.3ly|", "%-08.3ly|"},
        {"%n", "%n"},
        {"%f", "%f"},
        {"%", "%"},
        {"%+d", "%+d"},
        {"%l", "%l"},
        {"%%%", "%%"},
        {"%99999999999999999999999y", "%99999999999999999999999y"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[64];
        size_t length = format_unchecked(text, sizeof text, cases[i].format);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(length, strlen(cases[i].expected));
    }
}

static void every_size_cuts_cleanly(void **state)
{
    (void)state;
    const char *whole = "kernel.elf: 0x00002a of 17";
    for (size_t size = 0; size <= strlen(whole) + 2; size++) {
        char *text = malloc(size + 1); /* the sanitizer watches its end */
        memset(text, '#', size + 1);
        size_t length = format(text, size, "%s: %#08x of %d", "kernel.elf", 0x2a, 17);
        assert_int_equal(length, strlen(whole));
        assert_int_equal(text[size], '#');
        if (size > 0) {
            assert_int_equal(strlen(text), size - 1 < length ? size - 1 : length);
            assert_memory_equal(text, whole, strlen(text));
        }
        free(text);
    }
}

static void random_numbers_match_printf(void **state)
{
    (void)state;
    static const char *const formats[] = {"%llx", "%#llx",     "%020lld",     "%-20lld|",  "%.12lld",
                                          "%llu", "%30.20llX", "%-#18.3llx|", "%020.12lld"};
    uint64_t value = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < 20000; i++) {
        value ^= value << 13, value ^= value >> 7, value ^= value << 17;
        unsigned long long number = value >> (i % 64);
        char ours[64], theirs[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(theirs, sizeof theirs, formats[i % ARRAY_LENGTH(formats)], number);
#pragma GCC diagnostic pop
        format_unchecked(ours, sizeof ours, formats[i % ARRAY_LENGTH(formats)], number);
        assert_string_equal(ours, theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(decimals),
        cmocka_unit_test(lengths),
        cmocka_unit_test(many_arguments),
        cmocka_unit_test(unknown_conversions_are_copied),
        cmocka_unit_test(every_size_cuts_cleanly),
        cmocka_unit_test(random_numbers_match_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
