#include "timeline.h"

#include <stagecoach/boot.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_PREFIX "TIMELINE 1 "

static bool take_number(const char **at, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    if (**at < '0' || **at > '9')
        return false;
    *number = strtoull(*at, &end, 10);
    *at = *end == ' ' ? end + 1 : end;
    return errno == 0 && *number <= most && (*end == ' ' || *end == '\n');
}

bool timeline_parse(const char *text, struct timeline *timeline)
{
    uint64_t firmware, phase;
    *timeline = (struct timeline){0};
    if (strncmp(text, FORMAT_PREFIX, strlen(FORMAT_PREFIX)) != 0)
        return false;
    text += strlen(FORMAT_PREFIX);
    if (!take_number(&text, UINT32_MAX, &firmware) || !take_number(&text, UINT64_MAX, &timeline->tsc_hz))
        return false;
    timeline->firmware = (uint32_t)firmware;
    while (*text != '\n') {
        struct timeline_event *event = &timeline->events[timeline->count];
        if (timeline->count == TIMELINE_EVENTS_MAX || !take_number(&text, UINT32_MAX, &phase) ||
            !take_number(&text, UINT64_MAX, &event->tsc) || !take_number(&text, UINT32_MAX, &event->calls) ||
            !take_number(&text, UINT64_MAX, &event->bytes))
            return false;
        event->phase = (uint32_t)phase;
        timeline->count++;
    }
    return timeline->count > 0;
}

const char *timeline_phase_name(uint32_t phase)
{
    static const char *const names[] = {
        [BOOT_PHASE_ENTRY] = "firmware",        [BOOT_PHASE_LOADER] = "loader",
        [BOOT_PHASE_CONFIG] = "configuration",  [BOOT_PHASE_KERNEL_HEADERS] = "kernel headers",
        [BOOT_PHASE_VIDEO] = "video mode",      [BOOT_PHASE_ADDRESS_SPACE] = "addresses",
        [BOOT_PHASE_SEGMENTS] = "files",        [BOOT_PHASE_PAGE_TABLES] = "page tables",
        [BOOT_PHASE_LEFT] = "leaving firmware", [BOOT_PHASE_JUMP] = "jump",
    };
    bool known = phase < sizeof names / sizeof names[0] && names[phase] != NULL;
    return known ? names[phase] : "unknown";
}

/* Milliseconds where the frequency is known, else millions of ticks. */
static double duration(const struct timeline *timeline, uint64_t from, uint64_t to)
{
    double ticks = to > from ? (double)(to - from) : 0;
    return timeline->tsc_hz != 0 ? ticks * 1000 / (double)timeline->tsc_hz : ticks / 1e6;
}

static void print_bar(unsigned from, unsigned to)
{
    for (unsigned column = 0; column < to; column++)
        putchar(column < from ? ' ' : '#');
}

void timeline_print(const struct timeline *timeline, unsigned width)
{
    const struct timeline_event *first = &timeline->events[0], *last = &timeline->events[timeline->count - 1];
    double total = duration(timeline, first->tsc, last->tsc), before = 0;
    printf("%-17s %12s %6s %10s\n", "phase", timeline->tsc_hz != 0 ? "ms" : "Mticks", "calls", "KiB read");
    for (size_t i = 1; i < timeline->count; i++) {
        const struct timeline_event *event = &timeline->events[i];
        double took = duration(timeline, event[-1].tsc, event->tsc), after = before + took;
        printf("%-17s %12.3f %6" PRIu64 " %10.1f  |", timeline_phase_name(event->phase), took,
               event->calls - event[-1].calls, (double)(event->bytes - event[-1].bytes) / 1024);
        unsigned from = total > 0 ? (unsigned)(before / total * width) : 0;
        unsigned to = total > 0 ? (unsigned)(after / total * width) : 0;
        print_bar(from < width ? from : width, to < width ? to : width);
        putchar('\n');
        before = after;
    }
    printf("%-17s %12.3f %6" PRIu64 " %10.1f\n", "all", total, last->calls, (double)last->bytes / 1024);
}
