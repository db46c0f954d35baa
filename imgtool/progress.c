#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30u
#define FIRST_AFTER 1000u /* milliseconds */
#define AGAIN_AFTER 100u
#define TEXT_SIZE 160u

static struct {
    const char *what;
    uint64_t total, done;
    uint64_t started, drawn; /* milliseconds; drawn 0: not yet */
    unsigned depth;          /* of jobs inside of jobs */
    bool visible, silent;
} job;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void progress_silence(void)
{
    job.silent = true;
}

/* A terminal that can go back to the beginning of its line and clear it. */
bool progress_is_shown(void)
{
    const char *terminal = getenv("TERM");
    return !job.silent && isatty(STDERR_FILENO) == 1 && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void progress_begin(const char *what, uint64_t total)
{
    if (job.depth++ > 0)
        return;
    job.what = what;
    job.total = total;
    job.done = job.drawn = 0;
    job.started = now();
}

static unsigned terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

char *progress_text(const char *what, uint64_t total, uint64_t done, uint64_t elapsed, unsigned columns, char *to,
                    size_t room)
{
    char bar[BAR_WIDTH + 4] = "";
    uint64_t rate = elapsed != 0 ? (uint64_t)((double)done * 1000 / (double)elapsed) : 0;
    done = done < total ? done : total;
    double part = total != 0 ? (double)done / (double)total : 1;
    uint64_t left = rate != 0 ? (total - done) / rate : 0;
    if (columns == 0 || columns > BAR_WIDTH + 50) {
        snprintf(bar, sizeof bar, "[%0*d] ", (int)BAR_WIDTH, 0);
        memset(bar + 1, '.', BAR_WIDTH);
        memset(bar + 1, '#', (size_t)(part * BAR_WIDTH));
    }
    int length = snprintf(to, room, "%s %s%3u%%  %lu.%lu MiB/s  ", what, bar, (unsigned)(part * 100), rate >> 20,
                          (rate & 0xfffff) * 10 >> 20);
    if (length > 0 && (size_t)length < room && rate != 0)
        snprintf(to + length, room - (size_t)length, "%lu:%02lu left", left / 60, left % 60);
    if (columns != 0 && columns <= strlen(to))
        to[columns - 1] = '\0'; /* a line that wraps could not be cleared */
    return to;
}

void progress_add(uint64_t bytes)
{
    char text[TEXT_SIZE];
    if (job.depth != 1 || !progress_is_shown())
        return;
    job.done += bytes;
    uint64_t time = now(), elapsed = time - job.started;
    if (elapsed < FIRST_AFTER || (job.drawn != 0 && time - job.drawn < AGAIN_AFTER))
        return;
    job.drawn = time;
    job.visible = true;
    fprintf(stderr, "\r%s\033[K",
            progress_text(job.what, job.total, job.done, elapsed, terminal_columns(), text, sizeof text));
}

void progress_hide(void)
{
    if (job.visible)
        fputs("\r\033[K", stderr);
    job.visible = false;
}

void progress_end(void)
{
    if (job.depth > 0 && --job.depth == 0)
        progress_hide();
}
