/* The boot's timeline, as the loader writes it to a port of its own (common/timeline.h), and how it is shown. */
#ifndef STAGECOACH_IMGTOOL_TIMELINE_H
#define STAGECOACH_IMGTOOL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_PORT 0xeb
#define TIMELINE_ANSWER 0x54 /* what the loader reads there if somebody listens */
#define TIMELINE_EVENTS_MAX 32

struct timeline {
    uint32_t firmware; /* BOOT_FIRMWARE_* */
    uint64_t tsc_hz;   /* 0: not known */
    size_t count;
    struct timeline_event {
        uint32_t phase; /* enum boot_phase: this is when it ended */
        uint64_t tsc, calls, bytes;
    } events[TIMELINE_EVENTS_MAX];
};

/* Reads the loader's line; what the guest wrote is not trusted. False if it is not one. */
bool timeline_parse(const char *text, struct timeline *timeline);

/* "files": what the loader did until the event of this phase. */
const char *timeline_phase_name(uint32_t phase);

/* Prints what the loader has written to a file; false: it is no timeline. */
bool timeline_show(const char *path, bool as_json);

/* Print on stdout: a bar for each phase, `width` columns for all of them; a JSON document (docs/imgtool-json.md). */
void timeline_print(const struct timeline *timeline, unsigned width);
void timeline_print_json(const struct timeline *timeline);

#endif
