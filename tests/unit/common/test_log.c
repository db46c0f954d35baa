#include "cmocka_all.h"

#include "fake_firmware.h"
#include "log.h"
#include "console.h"

#include <stdio.h>
#include <string.h>

/* Every test runs in a child of its own: the log has no way back to its beginning, and needs none. */

static const struct log_settings all_on = {LOG_INFO, true, true};

static struct log_settings level(enum log_level level)
{
    struct log_settings settings = all_on;
    settings.level = level;
    return settings;
}

/* Runs `program`, which asserts by returning another status than STATUS_OK. */
static void run(enum status (*program)(struct error *))
{
    assert_int_equal(fake_run(program), FAKE_RETURNED);
    assert_int_equal(fake->status, STATUS_OK);
}

static int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void log_one_of_each(void)
{
    log_error("%s", "one");
    log_warn("%d", 2);
    log_info("three");
    log_debug("four");
    log_trace("five");
}

static enum status configure_info(struct error *error)
{
    (void)error;
    log_one_of_each();
    if (fake->serial.size != 0 || fake->screen.size != 0)
        return STATUS_INTERNAL; /* too early */
    log_configure(&all_on);
    log_info("six");
    log_trace("seven");
    size_t size;
    const char *text = log_text(&size);
    memcpy(fake->error.text, text, size + 1);
    return STATUS_OK;
}

#define SHOWN "[error] one\n[warn] 2\n[info] three\n[info] six\n"

static void keeps_everything_and_shows_what_the_level_allows(void **state)
{
    (void)state;
    run(configure_info);
    assert_string_equal(fake->serial.text, SHOWN);
    assert_string_equal(fake->debugcon.text, SHOWN);
    assert_string_equal(fake->screen.text, "");
    assert_string_equal(fake->error.text, "[error] one\n[warn] 2\n[info] three\n[debug] four\n[trace] five\n"
                                          "[info] six\n[trace] seven\n");
}

static enum status screen_after_configuration(struct error *error)
{
    configure_info(error);
    log_screen_ready();
    log_warn("eight");
    log_screen_ready();
    return STATUS_OK;
}

static enum status screen_before_configuration(struct error *error)
{
    log_screen_ready();
    configure_info(error);
    log_warn("eight");
    return STATUS_OK;
}

static void screen_catches_up_once(void **state)
{
    (void)state;
    run(screen_after_configuration);
    assert_string_equal(fake->screen.text, SHOWN "[warn] eight\n");
    assert_string_equal(fake->serial.text, SHOWN "[warn] eight\n");
    run(screen_before_configuration);
    assert_string_equal(fake->screen.text, SHOWN "[warn] eight\n");
}

static enum status everything_off(struct error *error)
{
    (void)error;
    struct log_settings settings = {LOG_TRACE, false, false};
    log_one_of_each();
    log_configure(&settings);
    log_screen_ready();
    log_one_of_each();
    return STATUS_OK;
}

static void switches_are_obeyed(void **state)
{
    (void)state;
    run(everything_off);
    assert_string_equal(fake->screen.text, "");
    assert_string_equal(fake->serial.text, "");
    assert_string_equal(fake->debugcon.text, "");
}

static enum log_level tested_level;

static enum status one_level(struct error *error)
{
    (void)error;
    struct log_settings settings = level(tested_level);
    log_configure(&settings);
    log_one_of_each();
    return STATUS_OK;
}

static void each_level_lets_its_own_through(void **state)
{
    (void)state;
    static const char whole[] = "[error] one\n[warn] 2\n[info] three\n[debug] four\n[trace] five\n";
    static const size_t sizes[] = {[LOG_OFF] = 0,   [LOG_ERROR] = 12, [LOG_WARN] = 21,
                                   [LOG_INFO] = 34, [LOG_DEBUG] = 47, [LOG_TRACE] = sizeof whole - 1};
    for (tested_level = LOG_OFF; tested_level <= LOG_TRACE; tested_level++) {
        run(one_level);
        assert_int_equal(fake->serial.size, sizes[tested_level]);
        assert_memory_equal(fake->serial.text, whole, fake->serial.size);
    }
}

static enum status strange_bytes(struct error *error)
{
    (void)error;
    char much[2000];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    log_configure(&all_on);
    log_info("a\nb\r\tc\x1b[2J\x7f \xc3\xa9");
    log_info("%s", much);
    much[LOG_LINE_MAX - 1 - 7] = '\0'; /* "[info] " and the newline: just fits */
    log_info("%s", much);
    return STATUS_OK;
}

static void a_line_stays_one_line(void **state)
{
    (void)state;
    run(strange_bytes);
    static const char first[] = "[info] a b  c [2J  \xc3\xa9\n";
    const char *second = fake->serial.text + sizeof first - 1;
    assert_memory_equal(fake->serial.text, first, sizeof first - 1);
    assert_memory_equal(second + LOG_LINE_MAX - 5, "x...\n", 5);
    const char *third = second + LOG_LINE_MAX;
    assert_memory_equal(third + LOG_LINE_MAX - 4, "xxx\n", 4);
    assert_int_equal(third[LOG_LINE_MAX], '\0');
}

static enum status flood(struct error *error)
{
    (void)error;
    log_configure(&all_on);
    log_screen_ready();
    for (int i = 0; i < 1000; i++)
        log_info("line %d of a thousand, padded to a good length", i);
    size_t size;
    const char *text = log_text(&size);
    memcpy(fake_memory(0, size + 1), text, size + 1);
    return STATUS_OK;
}

static void a_full_log_says_so_and_goes_on_showing(void **state)
{
    (void)state;
    run(flood);
    static const char last[] = "[warn] log: full, later lines are not kept\n";
    const char *kept = fake_memory(0, LOG_CAPACITY);
    size_t size = strlen(kept);
    assert_in_range(size, LOG_CAPACITY - 128, LOG_CAPACITY - 1);
    assert_string_equal(kept + size - strlen(last), last);
    assert_non_null(strstr(fake->serial.text, "line 999 of"));

    /* Each line once and in order, the remark among them. */
    char expected[FAKE_OUTPUT_SIZE];
    size_t used = 0;
    for (int i = 0; i < 1000; i++) {
        if (used == size - strlen(last))
            used += (size_t)snprintf(expected + used, sizeof expected - used, "%s", last);
        used += (size_t)snprintf(expected + used, sizeof expected - used,
                                 "[info] line %d of a thousand, padded to a good length\n", i);
    }
    assert_string_equal(fake->serial.text, expected);
    assert_string_equal(fake->screen.text, expected);
}

static enum status fatal(struct error *error)
{
    log_warn("waits");
    *error = (struct error){STATUS_FILE_NOT_FOUND, "/kernel.elf: no such file:\nput it there"};
    log_fatal(error);
    return STATUS_OK;
}

static void fatal_reaches_everything_unasked(void **state)
{
    (void)state;
    static const char line[] =
        "BOOT-ERR 208 fake /kernel.elf: no such file: put it there; check the paths in /stagecoach.conf\n";
    run(fatal);
    assert_string_equal(fake->serial.text, line);
    assert_string_equal(fake->debugcon.text, line);
    assert_string_equal(fake->screen.text, line);
}

static enum status fatal_without_text(struct error *error)
{
    *error = (struct error){.status = STATUS_NO_LONG_MODE};
    log_fatal(error);
    log_fatal(error);
    return STATUS_OK;
}

static void fatal_always_has_a_text(void **state)
{
    (void)state;
    run(fatal_without_text);
    char twice[200];
    snprintf(twice, sizeof twice, "BOOT-ERR 101 fake %s\nBOOT-ERR 101 fake %s\n", LOG_NO_TEXT, LOG_NO_TEXT);
    assert_string_equal(fake->serial.text, twice);
}

static const struct fake_output *where_it_breaks;

/* The writer itself fails, once: as a fault in it would. */
static void fail_within(const struct fake_output *output)
{
    static const struct error inner = {STATUS_INTERNAL, "a fault"};
    if (output == where_it_breaks && output->size == 0) {
        where_it_breaks = NULL;
        log_fatal(&inner);
    }
}

static void fatal_survives_itself(void **state)
{
    (void)state;
    static const char inner[] = "BOOT-ERR 901 fake a fault\n";
    static const char outer[] =
        "BOOT-ERR 208 fake /kernel.elf: no such file: put it there; check the paths in /stagecoach.conf\n";
    fake->output_hook = fail_within;

    where_it_breaks = &fake->debugcon;
    run(fatal);
    assert_string_equal(fake->debugcon.text, outer);
    assert_string_equal(fake->serial.text, inner);
    assert_string_equal(fake->screen.text, inner);

    where_it_breaks = &fake->screen;
    run(fatal);
    assert_string_equal(fake->debugcon.text, outer);
    assert_string_equal(fake->serial.text, outer);
    assert_string_equal(fake->screen.text, outer);
}

static enum status on_framebuffer(struct error *error)
{
    struct boot_framebuffer framebuffer = {
        .width = 640, .height = 480, .pitch = 2560, .size = 2560 * 480, .bits_per_pixel = 32, .red_size = 8};
    console_start(&framebuffer, fake_memory(FAKE_FRAMEBUFFER_PHYS, framebuffer.size));
    return fatal(error);
}

static void fatal_is_drawn_where_there_is_a_console(void **state)
{
    (void)state;
    run(on_framebuffer);
    assert_string_equal(fake->screen.text, "");
    const uint32_t *pixels = fake_memory(FAKE_FRAMEBUFFER_PHYS, 2560 * 16);
    size_t lit = 0;
    for (size_t i = 0; i < 640 * 16; i++)
        lit += pixels[i] != 0;
    assert_true(lit > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_everything_and_shows_what_the_level_allows, reset),
        cmocka_unit_test_setup(screen_catches_up_once, reset),
        cmocka_unit_test_setup(switches_are_obeyed, reset),
        cmocka_unit_test_setup(each_level_lets_its_own_through, reset),
        cmocka_unit_test_setup(a_line_stays_one_line, reset),
        cmocka_unit_test_setup(a_full_log_says_so_and_goes_on_showing, reset),
        cmocka_unit_test_setup(fatal_reaches_everything_unasked, reset),
        cmocka_unit_test_setup(fatal_survives_itself, reset),
        cmocka_unit_test_setup(fatal_always_has_a_text, reset),
        cmocka_unit_test_setup(fatal_is_drawn_where_there_is_a_console, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
