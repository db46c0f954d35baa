#include "guest_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool begin(struct guest_sink *sink, int fd, bool is_ours)
{
    struct stat stat_of;
    bool is_socket = fd >= 0 && fstat(fd, &stat_of) == 0 && S_ISSOCK(stat_of.st_mode);
    *sink = (struct guest_sink){.fd = fd, .is_ours = is_ours, .is_socket = is_socket};
    if (fd >= 0)
        sink->bytes = malloc(GUEST_SINK_ROOM);
    return sink->bytes != NULL;
}

bool guest_sink_open(struct guest_sink *sink, const char *path)
{
    /* A pipe without a reader is an error then, not a reason to wait. */
    return begin(sink, open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666), true);
}

/* O_NONBLOCK belongs to the open file, which other programs share: a pipe or a terminal is opened a second time. If
 * that is forbidden, small writes after poll() have to do. */
bool guest_sink_open_stdout(struct guest_sink *sink)
{
    struct stat stat_of;
    bool waits = fstat(STDOUT_FILENO, &stat_of) == 0 && (S_ISFIFO(stat_of.st_mode) || isatty(STDOUT_FILENO));
    int own = waits ? open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
    return begin(sink, own >= 0 ? own : STDOUT_FILENO, own >= 0);
}

static void leave(struct guest_sink *sink)
{
    if (sink->fd >= 0 && sink->is_ours)
        close(sink->fd);
    sink->fd = -1;
    sink->size = 0;
}

void guest_sink_close(struct guest_sink *sink)
{
    leave(sink);
    free(sink->bytes);
    sink->bytes = NULL;
}

static void fail(struct guest_sink *sink, int error)
{
    leave(sink);
    sink->error = error;
}

/* False: not now. */
static bool write_some(struct guest_sink *sink)
{
    struct pollfd room = {.fd = sink->fd, .events = POLLOUT};
    if (poll(&room, 1, 0) <= 0)
        return false;
    size_t size = sink->size < PIPE_BUF ? sink->size : PIPE_BUF;
    ssize_t written = sink->is_socket ? send(sink->fd, sink->bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                      : write(sink->fd, sink->bytes, size);
    if (written < 0 && errno == EINTR)
        return true;
    if (written < 0 && errno == EAGAIN)
        return false;
    if (written <= 0) {
        fail(sink, written < 0 ? errno : EIO);
        return false;
    }
    sink->size -= (size_t)written;
    memmove(sink->bytes, sink->bytes + written, sink->size);
    return true;
}

static void flush(struct guest_sink *sink)
{
    while (sink->size && write_some(sink))
        continue;
}

void guest_sink_put(struct guest_sink *sink, const char *bytes, size_t size)
{
    if (sink->fd < 0)
        return;
    size_t taken = GUEST_SINK_ROOM - sink->size;
    if (taken > size)
        taken = size;
    memcpy(sink->bytes + sink->size, bytes, taken);
    sink->size += taken;
    sink->lost = sink->lost || taken < size;
    flush(sink);
}

short guest_sink_events(const struct guest_sink *sink)
{
    return sink->size ? POLLOUT : 0;
}

void guest_sink_ready(struct guest_sink *sink)
{
    struct pollfd end = {.fd = sink->fd};
    if (sink->size)
        flush(sink);
    else if (poll(&end, 1, 0) > 0) /* what waited may have been written since; this is told only of an end */
        fail(sink, EPIPE);         /* nobody reads there any more */
}
