/* Where a guest's output goes, with readers that are slow, and that go. */
#include "cmocka_all.h"

#include "guest_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static void open_on_pipe(struct guest_sink *sink)
{
    char path[64];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    assert_true(guest_sink_open(sink, path));
    close(ends[1]);
}

/* poll() may have told of room for bytes that have gone meanwhile. */
static void room_for_nothing_is_no_end(void **state)
{
    (void)state;
    struct guest_sink sink;
    open_on_pipe(&sink);
    guest_sink_ready(&sink);
    assert_int_equal(sink.error, 0);
    guest_sink_put(&sink, "hello", 5);
    guest_sink_ready(&sink);
    assert_int_equal(sink.error, 0);
    char bytes[8];
    assert_int_equal(read(ends[0], bytes, sizeof bytes), 5);
    close(ends[0]);
    guest_sink_ready(&sink);
    assert_int_equal(sink.error, EPIPE);
    guest_sink_ready(&sink); /* it is over */
    guest_sink_close(&sink);
}

static void what_does_not_fit_waits(void **state)
{
    (void)state;
    struct guest_sink sink;
    char bytes[4096];
    size_t put = 0, got = 0;
    memset(bytes, 'x', sizeof bytes);
    open_on_pipe(&sink);
    for (; guest_sink_events(&sink) == 0; put += sizeof bytes)
        guest_sink_put(&sink, bytes, sizeof bytes);
    while (got < put) {
        ssize_t size = read(ends[0], bytes, sizeof bytes);
        assert_true(size > 0);
        got += (size_t)size;
        guest_sink_ready(&sink);
    }
    assert_int_equal(sink.size, 0);
    assert_int_equal(sink.error, 0);
    assert_false(sink.lost);
    close(ends[0]);
    guest_sink_close(&sink);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_for_nothing_is_no_end),
        cmocka_unit_test(what_does_not_fit_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
