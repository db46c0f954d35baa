#include "deliver.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define PIECE_SIZE 65536u

/* A signal that is blocked stays pending: it ends us when the caller is ready for it. */
static bool wait_for_room(int fd)
{
    sigset_t signals;
    output_fatal_signals(&signals);
    sigdelset(&signals, SIGPIPE); /* may be pending because of another pipe; of this one, write() tells */
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}, {.fd = signal_fd, .events = POLLIN}};
    int ready = poll(fds, 2, -1);
    if (signal_fd >= 0)
        close(signal_fd);
    if (ready < 0 && errno == EINTR)
        return true;
    errno = EINTR;
    return ready > 0 && fds[1].revents == 0;
}

/* What a blocked SIGPIPE would say later, the caller says now. */
static void forget_broken_pipe(void)
{
    const struct timespec now = {0};
    sigset_t set, blocked;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGPIPE) == 1)
        sigtimedwait(&set, NULL, &now);
    errno = EPIPE;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done >= 0) {
            bytes += done;
            size -= (size_t)done;
        } else if (errno == EAGAIN) {
            if (!wait_for_room(fd))
                return false;
        } else if (errno != EINTR) {
            if (errno == EPIPE)
                forget_broken_pipe();
            return false;
        }
    }
    return true;
}

/* A pipe without a reader is an error then, not a reason to wait. */
static int open_target(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
}

static bool finish(int fd, bool written)
{
    int error = errno;
    bool closed = close(fd) == 0;
    if (!written)
        errno = error;
    return written && closed;
}

bool deliver(const char *path, const char *bytes, size_t size)
{
    int fd = open_target(path);
    return fd >= 0 && finish(fd, write_all(fd, bytes, size));
}

static bool copy(int from, int to)
{
    char *piece = malloc(PIECE_SIZE);
    ssize_t size = -1;
    bool written = piece != NULL;
    while (written && (size = read(from, piece, PIECE_SIZE)) > 0)
        written = write_all(to, piece, (size_t)size);
    free(piece);
    return written && size == 0;
}

bool deliver_file(const char *from, const char *path)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return false;
    int out = open_target(path);
    bool written = out >= 0 && finish(out, copy(in, out));
    int error = errno;
    close(in);
    errno = error;
    return written;
}
