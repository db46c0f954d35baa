#include "cmocka_all.h"

#include "timeline.h"

#include <string.h>

static void a_line_of_the_loader_is_read(void **state)
{
    (void)state;
    static struct timeline timeline;
    assert_true(timeline_parse("TIMELINE 1 2 1000 1 10 0 0 10 5010 56 157184\n", &timeline));
    assert_int_equal(timeline.firmware, 2);
    assert_int_equal(timeline.tsc_hz, 1000);
    assert_int_equal(timeline.count, 2);
    assert_int_equal(timeline.events[1].phase, 10);
    assert_int_equal(timeline.events[1].tsc, 5010);
    assert_int_equal(timeline.events[1].calls, 56);
    assert_int_equal(timeline.events[1].bytes, 157184);
    assert_string_equal(timeline_phase_name(1), "firmware");
    assert_string_equal(timeline_phase_name(99), "unknown");
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    static struct timeline timeline;
    static const char *const lines[] = {
        "",
        "\n",
        "TIMELINE 2 2 1000 1 10 0 0\n",
        "TIMELINE 1 2 1000\n",
        "TIMELINE 1 2 1000 1 10 0\n",
        "TIMELINE 1 2 1000 1 10 0 0",
        "TIMELINE 1 2 1000 1 -10 0 0\n",
        "TIMELINE 1 2 1000 1 99999999999999999999 0 0\n",
        "TIMELINE 1 2 1000 4294967296 1 0 0\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        assert_false(timeline_parse(lines[i], &timeline));
}

static void more_events_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    static struct timeline timeline;
    char text[1024] = "TIMELINE 1 1 1";
    for (int i = 0; i <= TIMELINE_EVENTS_MAX; i++)
        strcat(text, " 1 2 3 4");
    strcat(text, "\n");
    assert_false(timeline_parse(text, &timeline));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_of_the_loader_is_read),
                                       cmocka_unit_test(other_lines_are_refused),
                                       cmocka_unit_test(more_events_than_there_is_room_for_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
