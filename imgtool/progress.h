/* How far a long job is: a bar with rate and remaining time on stderr, if that is a terminal and the job takes longer
 * than a second; nothing otherwise. */
#ifndef STAGECOACH_IMGTOOL_PROGRESS_H
#define STAGECOACH_IMGTOOL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *what;        /* "writing" */
    uint64_t total;          /* bytes */
    uint64_t started, shown; /* milliseconds; shown 0: not yet */
    bool terminal;
};

void progress_begin(struct progress *progress, const char *what, uint64_t total);
void progress_to(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

/* The line for so many bytes after so many milliseconds, in `room` bytes; returns `to`. */
char *progress_text(const struct progress *progress, uint64_t done, uint64_t elapsed, char *to, size_t room);

#endif
