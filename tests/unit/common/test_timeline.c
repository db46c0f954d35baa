#include "cmocka_all.h"

#include "fake_firmware.h"
#include "timeline.h"

static int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void records_when_and_how_much(void **state)
{
    (void)state;
    struct boot_event events[4];
    timeline_start(17);
    fake->stats = (struct firmware_stats){.calls = 3, .disk_reads = 2, .bytes_read = 8192};
    fake->tsc = 1000;
    timeline_mark(BOOT_PHASE_CONFIG);
    assert_int_equal(timeline_copy(events, 4), 2);
    assert_int_equal(events[0].phase, BOOT_PHASE_ENTRY);
    assert_int_equal(events[0].tsc, 17);
    assert_int_equal(events[0].firmware_calls, 0);
    assert_int_equal(events[1].phase, BOOT_PHASE_CONFIG);
    assert_int_equal(events[1].tsc, 1100);
    assert_int_equal(events[1].firmware_calls, 3);
    assert_int_equal(events[1].bytes_read, 8192);
}

static void drops_what_does_not_fit(void **state)
{
    (void)state;
    struct boot_event events[TIMELINE_CAPACITY + 1];
    timeline_start(0);
    for (unsigned i = 0; i < 3 * TIMELINE_CAPACITY; i++)
        timeline_mark(BOOT_PHASE_LOADER);
    assert_int_equal(timeline_copy(events, TIMELINE_CAPACITY + 1), TIMELINE_CAPACITY);
    assert_int_equal(timeline_copy(events, 2), 2);
    assert_int_equal(timeline_copy(events, 0), 0);
    timeline_start(0);
    assert_int_equal(timeline_copy(events, TIMELINE_CAPACITY), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_when_and_how_much, reset),
        cmocka_unit_test_setup(drops_what_does_not_fit, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
