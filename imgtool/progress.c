#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30u
#define FIRST_AFTER 1000u /* milliseconds */
#define AGAIN_AFTER 100u

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
    *progress =
        (struct progress){.what = what, .total = total, .started = now(), .terminal = isatty(STDERR_FILENO) == 1};
}

char *progress_text(const struct progress *progress, uint64_t done, uint64_t elapsed, char *to, size_t room)
{
    char bar[BAR_WIDTH + 1];
    uint64_t total = progress->total != 0 ? progress->total : 1, rate = elapsed != 0 ? done * 1000 / elapsed : 0;
    done = done < total ? done : total;
    uint64_t left = rate != 0 ? (total - done) / rate : 0;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)((double)done / (double)total * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    snprintf(to, room, "%s [%s] %3u%%  %lu.%lu MiB/s  %lu:%02lu left", progress->what, bar,
             (unsigned)((double)done / (double)total * 100), rate >> 20, (rate & 0xfffff) * 10 >> 20, left / 60,
             left % 60);
    return to;
}

void progress_to(struct progress *progress, uint64_t done)
{
    char text[160];
    if (!progress->terminal)
        return;
    uint64_t time = now(), elapsed = time - progress->started;
    if (elapsed < FIRST_AFTER || (progress->shown != 0 && time - progress->shown < AGAIN_AFTER))
        return;
    progress->shown = time;
    fprintf(stderr, "\r%s\033[K", progress_text(progress, done, elapsed, text, sizeof text));
}

void progress_end(struct progress *progress)
{
    if (progress->shown != 0)
        fputs("\r\033[K", stderr);
    progress->shown = 0;
}
