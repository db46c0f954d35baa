/* The loader's log and its timeline. */
#include "check.h"
#include "state.h"

#include <stagecoach/print.h>

#define LOG_LIMIT (1u << 20)

static void check_log(const struct boot_info *info)
{
    int64_t length = text_length(info->log, LOG_LIMIT);
    check_that("log", length > 0, (uint64_t)length, "printable text");
    check_equal("log_size", info->log_size, (uint64_t)length);
    check_that("log ends a line", length > 0 && info->log[length - 1] == '\n', 0, "a line feed");
}

static void check_event(const struct boot_event *event, const struct boot_event *previous)
{
    check_that("phase", event->phase >= BOOT_PHASE_ENTRY && event->phase <= BOOT_PHASE_JUMP, event->phase, "1 to 10");
    if (previous == NULL)
        return;
    check_that("phases are in order", event->phase > previous->phase, event->phase, "more than the one before");
    check_that("time-stamps are in order", event->tsc >= previous->tsc, event->tsc, "not before the one before");
    check_that("firmware calls are in order", event->firmware_calls >= previous->firmware_calls, event->firmware_calls,
               "not fewer than before");
    check_that("bytes read are in order", event->bytes_read >= previous->bytes_read, event->bytes_read,
               "not fewer than before");
}

static void check_timeline(const struct boot_info *info)
{
    uint64_t count = info->timeline_count;
    if (!check_that("timeline_count", count >= 2 && count <= 64, count, "some events"))
        return;
    for (uint64_t i = 0; i < count; i++) {
        const struct boot_event *event = &info->timeline[i];
        boot_print("  phase %2u, tsc %lu, %u firmware calls, %lu bytes read\n", event->phase,
                   event->tsc - info->timeline[0].tsc, event->firmware_calls, event->bytes_read);
        check_event(event, i == 0 ? NULL : event - 1);
    }
    const struct boot_event *last = &info->timeline[count - 1];
    check_equal("first phase", info->timeline[0].phase, BOOT_PHASE_ENTRY);
    check_equal("last phase", last->phase, BOOT_PHASE_JUMP);
    bool read = info->boot_source < BOOT_SOURCE_PVH;
    check_equal("something was read", last->bytes_read > 0, read);
    check_equal("firmware was called", last->firmware_calls > 0, read);
    check_that("the jump lies in the past", last->tsc <= read_tsc(), last->tsc, "before now");
}

static void check_clock(const struct boot_info *info)
{
    uint64_t first = read_tsc(), second = first;
    for (unsigned i = 0; i < 1000000 && second == first; i++)
        second = read_tsc();
    check_that("the time-stamp counter moves", second > first, second, "later than before");
    check_that("tsc_hz", info->tsc_hz == 0 || (info->tsc_hz >= 100000000 && info->tsc_hz <= 100000000000), info->tsc_hz,
               "0 or a clock of our days");
}

void check_history(const struct boot_info *info)
{
    check_subject("log and timeline");
    check_log(info);
    check_timeline(info);
    check_clock(info);
}
