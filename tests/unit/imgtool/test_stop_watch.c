#include "cmocka_all.h"

#include <stop_watch.h>

#include <stdio.h>
#include <string.h>

static void feed(struct stop_watch *watch, const char *text)
{
    stop_watch_output(watch, text, strlen(text));
}

static void finds_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *output, *error;
    } cases[] = {
        {"", ""},
        {"BOOT-ERR 208 4 no such file", ""}, /* the line is not complete */
        {"BOOT-ERR 208 4 no such file\n", "BOOT-ERR 208 4 no such file"},
        {"BOOT-ERR R 1\r\n", "BOOT-ERR R 1"},
        {"\033[2Jjunk BOOT-ERR R 1\r\nmore\n", "BOOT-ERR R 1"},
        {"BOOT-ERR 1 a\nBOOT-ERR 2 b\n", "BOOT-ERR 1 a"},
        {"BOOT-ERRONEOUS\nBOOT-OK\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stop_watch whole = {0}, bytes = {0};
        feed(&whole, cases[i].output);
        for (const char *byte = cases[i].output; *byte; byte++)
            stop_watch_output(&bytes, byte, 1);
        assert_string_equal(whole.error, cases[i].error);
        assert_string_equal(bytes.error, cases[i].error);
    }
}

static void cuts_long_lines(void **state)
{
    (void)state;
    struct stop_watch watch = {0};
    feed(&watch, "BOOT-ERR 1 ");
    for (int i = 0; i < 5000; i++)
        feed(&watch, "x");
    feed(&watch, "\n");
    assert_int_equal(strlen(watch.error), sizeof watch.error - 1);
    feed(&watch, "BOOT-ERR 2\n");
    assert_memory_equal(watch.error, "BOOT-ERR 1 x", 12);
}

static void takes_nul_bytes(void **state)
{
    (void)state;
    struct stop_watch watch = {0};
    stop_watch_output(&watch, "\0\0BOOT-\0ERR 1 a\0\n", 18);
    assert_string_equal(watch.error, "BOOT-ERR 1 a");
}

/* Counts samples until the guest counts as stopped; 0: never in 20. */
static int samples_until_stopped(const char *(*sample)(int))
{
    struct stop_watch watch = {0};
    for (int i = 0; i < 20; i++)
        if (stop_watch_registers(&watch, sample(i)))
            return i + 1;
    return 0;
}

static const char *halted_long_mode(int i)
{
    (void)i;
    return "CPU#0\nRAX=0 RBX=0\nRIP=ffffffff80001234 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\n";
}

static const char *halted_real_mode(int i)
{
    (void)i;
    return "CPU#0\nEIP=00007c20 EFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\n";
}

static const char *interrupts_on(int i)
{
    (void)i;
    return "EIP=00007c20 EFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\n";
}

static const char *running(int i)
{
    static char text[64];
    snprintf(text, sizeof text, "RIP=%016x RFL=00000046", 0x1000 + i % 3);
    return text;
}

static const char *nonsense(int i)
{
    (void)i;
    return "unknown command: 'info registers'";
}

static void knows_who_stands_still(void **state)
{
    (void)state;
    assert_in_range(samples_until_stopped(halted_long_mode), 2, 6);
    assert_in_range(samples_until_stopped(halted_real_mode), 2, 6);
    assert_int_equal(samples_until_stopped(interrupts_on), 0);
    assert_int_equal(samples_until_stopped(running), 0);
    assert_int_equal(samples_until_stopped(nonsense), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_line),
        cmocka_unit_test(cuts_long_lines),
        cmocka_unit_test(takes_nul_bytes),
        cmocka_unit_test(knows_who_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
