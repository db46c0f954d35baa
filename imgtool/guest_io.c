#include "guest_io.h"

#include "cli.h"
#include "host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t guest_io_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- what arrives ------------------------------------------------------------------------------------------------ */

static void note_errors(struct guest_io *io, struct guest_stream *stream)
{
    if (io->output.error && !io->output_error)
        io->output_error = io->output.error;
    if (stream->log.error && !stream->log_failed)
        cli_warn("%s: %s; the log is not complete", stream->log_path, strerror(stream->log.error));
    stream->log_failed = stream->log.error != 0;
}

static void take_stream(struct guest_io *io, struct guest_stream *stream)
{
    char bytes[4096];
    ssize_t size = read(stream->fd, bytes, sizeof bytes);
    if (size <= 0) {
        close_fd(&stream->fd);
        return;
    }
    stop_watch_output(&stream->watch, bytes, (size_t)size);
    if (io->pattern)
        pattern_feed(io->pattern, &stream->search, bytes, (size_t)size);
    if (stream->shown)
        guest_sink_put(&io->output, bytes, (size_t)size);
    guest_sink_put(&stream->log, bytes, (size_t)size);
    note_errors(io, stream);
}

static void take_serial(struct guest_io *io)
{
    take_stream(io, &io->serial);
}

static void take_e9(struct guest_io *io)
{
    take_stream(io, &io->e9);
}

static void take_exit(struct guest_io *io)
{
    unsigned char bytes[256];
    ssize_t size = read(io->exit_fd, bytes, sizeof bytes);
    if (size <= 0) {
        close_fd(&io->exit_fd);
    } else if (!io->answered) {
        io->answered = true;
        io->answer = bytes[0];
    }
}

static void take_qmp(struct guest_io *io)
{
    char bytes[4096];
    ssize_t size = read(io->qmp.fd, bytes, sizeof bytes);
    if (size <= 0 || !qmp_feed(&io->qmp, bytes, (size_t)size)) {
        close_fd(&io->qmp.fd);
        io->ended = true;
    }
}

static void take_signal(struct guest_io *io)
{
    struct signalfd_siginfo info;
    if (read(io->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        io->signal = (int)info.ssi_signo;
}

static void take_input(struct guest_io *io)
{
    char bytes[256];
    ssize_t size = read(io->input_fd, bytes, sizeof bytes);
    if (size <= 0)
        io->input_fd = -1;       /* stdin itself stays open */
    else if (io->serial.fd >= 0) /* what a guest does not read in time is lost, as on a wire */
        send(io->serial.fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_output_room(struct guest_io *io)
{
    guest_sink_ready(&io->output);
    note_errors(io, &io->serial);
}

static void take_serial_log_room(struct guest_io *io)
{
    guest_sink_ready(&io->serial.log);
    note_errors(io, &io->serial);
}

static void take_e9_log_room(struct guest_io *io)
{
    guest_sink_ready(&io->e9.log);
    note_errors(io, &io->e9);
}

/* The guest waits when those wait who read what it says. */
static int readable_fd(const struct guest_io *io, const struct guest_stream *stream)
{
    bool full = stream->log.size >= GUEST_SINK_FULL || (stream->shown && io->output.size >= GUEST_SINK_FULL);
    return full && !io->ending ? -1 : stream->fd;
}

/* As poll() wants it. */
static int time_left(int64_t deadline_ms)
{
    if (!deadline_ms)
        return -1;
    int64_t left_ms = deadline_ms - guest_io_now_ms();
    if (left_ms <= 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

bool guest_io_wait(struct guest_io *io, int64_t deadline_ms)
{
    const struct {
        int fd;
        short events;
        void (*take)(struct guest_io *);
    } sources[] = {
        {readable_fd(io, &io->serial), POLLIN, take_serial},
        {readable_fd(io, &io->e9), POLLIN, take_e9},
        {io->exit_fd, POLLIN, take_exit},
        {io->qmp.fd, POLLIN, take_qmp},
        {io->signal_fd, POLLIN, take_signal},
        {io->input_fd, POLLIN, take_input},
        {io->output.fd, guest_sink_events(&io->output), take_output_room},
        {io->serial.log.fd, guest_sink_events(&io->serial.log), take_serial_log_room},
        {io->e9.log.fd, guest_sink_events(&io->e9.log), take_e9_log_room},
    };
    enum { COUNT = sizeof sources / sizeof *sources };
    struct pollfd fds[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        fds[i] = (struct pollfd){.fd = sources[i].fd, .events = sources[i].events};
    int ready = poll(fds, COUNT, time_left(deadline_ms));
    for (size_t i = 0; ready > 0 && i < COUNT; i++)
        if (fds[i].revents)
            sources[i].take(io);
    return !deadline_ms || guest_io_now_ms() < deadline_ms;
}

bool guest_io_is_pending(const struct guest_io *io)
{
    return io->output.size || io->serial.log.size || io->e9.log.size;
}

static bool is_incomplete(const struct guest_sink *sink)
{
    return sink->error || sink->lost || sink->size;
}

const char *guest_io_incomplete(const struct guest_io *io)
{
    if (is_incomplete(&io->output))
        return "stdout";
    if (is_incomplete(&io->serial.log))
        return io->serial.log_path;
    return is_incomplete(&io->e9.log) ? io->e9.log_path : NULL;
}

const char *guest_io_error(const struct guest_io *io)
{
    if (io->serial.watch.error[0])
        return io->serial.watch.error;
    return io->e9.watch.error[0] ? io->e9.watch.error : NULL;
}

bool guest_io_found(const struct guest_io *io)
{
    return io->serial.search.found || io->e9.search.found;
}

/* --- opening and closing ----------------------------------------------------------------------------------------- */

static void ending_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGQUIT);
}

void guest_io_block_signals(sigset_t *before)
{
    sigset_t signals;
    ending_signals(&signals);
    sigaddset(&signals, SIGPIPE); /* seen as a failed write */
    sigprocmask(SIG_BLOCK, &signals, before);
}

void guest_io_allow_signals(void)
{
    sigset_t signals;
    ending_signals(&signals);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

static bool open_signals(struct guest_io *io)
{
    sigset_t signals;
    ending_signals(&signals);
    io->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return io->signal_fd >= 0;
}

static bool open_channel(int *ours, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    *ours = pair[0];
    *theirs = pair[1];
    return true;
}

static bool open_log(struct guest_stream *stream, const char *path)
{
    if (!path)
        return true;
    stream->log_path = path;
    if (guest_sink_open(&stream->log, path))
        return true;
    cli_error("%s: can't write this log: %s", path, host_write_problem());
    return false;
}

enum exit_code guest_io_open(struct guest_io *io, const struct guest_io_options *options, struct guest_io_peers *peers)
{
    *io = (struct guest_io){
        .qmp = {.fd = -1},
        .serial = {.fd = -1, .log = {.fd = -1}, .shown = true},
        .e9 = {.fd = -1, .log = {.fd = -1}, .shown = !options->serial},
        .exit_fd = -1,
        .signal_fd = -1,
        .input_fd = -1,
        .output = {.fd = -1},
        .pattern = options->pattern,
    };
    *peers = (struct guest_io_peers){-1, -1, -1, -1};
    if (!open_log(&io->serial, options->serial_log) || !open_log(&io->e9, options->e9_log))
        return EXIT_IO;
    int qmp_fd = -1;
    if (!guest_sink_open_stdout(&io->output) || !open_signals(io) || !open_channel(&qmp_fd, &peers->qmp) ||
        !qmp_open(&io->qmp, qmp_fd) || !open_channel(&io->exit_fd, &peers->exit) ||
        !open_channel(&io->e9.fd, &peers->e9) || (options->serial && !open_channel(&io->serial.fd, &peers->serial))) {
        cli_error("can't open the channels to QEMU: %s", strerror(errno));
        return EXIT_FAILED;
    }
    if (options->serial && terminal_take(&io->terminal))
        io->input_fd = STDIN_FILENO;
    return EXIT_OK;
}

void guest_io_close_peers(struct guest_io_peers *peers)
{
    close_fd(&peers->qmp);
    close_fd(&peers->exit);
    close_fd(&peers->e9);
    close_fd(&peers->serial);
}

void guest_io_close(struct guest_io *io)
{
    terminal_give_back(&io->terminal);
    qmp_close(&io->qmp);
    close_fd(&io->qmp.fd);
    close_fd(&io->exit_fd);
    close_fd(&io->signal_fd);
    close_fd(&io->serial.fd);
    guest_sink_close(&io->serial.log);
    close_fd(&io->e9.fd);
    guest_sink_close(&io->e9.log);
    guest_sink_close(&io->output);
}
