/* How far a long job is: a bar with rate and remaining time on stderr, if that is a terminal and the job takes longer
 * than a second; nothing otherwise. There is one job at a time: what begins inside another is part of it, and neither
 * its bytes nor its end count. */
#ifndef STAGECOACH_IMGTOOL_PROGRESS_H
#define STAGECOACH_IMGTOOL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For --quiet: no job shows itself. */
void progress_silence(void);

/* Would a long job be shown? */
bool progress_is_shown(void);

/* `what`: "writing"; `total`: bytes. */
void progress_begin(const char *what, uint64_t total);
void progress_add(uint64_t bytes);
void progress_end(void);

/* Makes room for a message, which stands alone on its line; the bar comes back below it. */
void progress_hide(void);

/* The line for so many bytes of `total` after so many milliseconds, in `columns` of a terminal (0: as wide as it is).
 * Returns `to`, which has `room` bytes. */
char *progress_text(const char *what, uint64_t total, uint64_t done, uint64_t elapsed, unsigned columns, char *to,
                    size_t room);

#endif
