/* Preloaded into a program (LD_PRELOAD): its monotonic clock goes on by FAKE_CLOCK_STEP milliseconds each time it is
 * read, and not otherwise. What a program does after a second, it does after a known number of looks, on any machine.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *to)
{
    static long milliseconds = 5000;
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    const char *step = getenv("FAKE_CLOCK_STEP");
    if (id != CLOCK_MONOTONIC || step == NULL)
        return real(id, to);
    milliseconds += strtol(step, NULL, 10);
    *to = (struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    return 0;
}
