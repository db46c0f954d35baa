#include "guest.h"

#include "cli.h"
#include "qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_TIME_MS 10000 /* for one QMP command, a screenshot included; QEMU is killed when it takes longer */

struct session {
    const struct guest_options *options;
    pid_t pid;
    struct qmp qmp;
    int exit_fd, serial_fd, signal_fd, input_fd, output_fd, log_fd; /* -1: closed, or not used */
    int signal;                                                     /* that asked us to end */
    int output_error;                                               /* errno of a failed write to stdout */
    bool ended;                                                     /* QEMU is gone */
    bool answered;                                                  /* the guest wrote to the exit port ... */
    unsigned char answer;                                           /* ... this */
    bool terminal_changed;
    struct termios terminal;
};

static int64_t now_ms(void)
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

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static void take_qmp(struct session *session)
{
    char bytes[4096];
    ssize_t size = read(session->qmp.fd, bytes, sizeof bytes);
    if (size <= 0 || !qmp_feed(&session->qmp, bytes, (size_t)size)) {
        close_fd(&session->qmp.fd);
        session->ended = true;
    }
}

static void take_exit(struct session *session)
{
    unsigned char bytes[256];
    ssize_t size = read(session->exit_fd, bytes, sizeof bytes);
    if (size <= 0) {
        close_fd(&session->exit_fd);
    } else if (!session->answered) {
        session->answered = true;
        session->answer = bytes[0];
    }
}

static void take_serial(struct session *session)
{
    char bytes[4096];
    ssize_t size = read(session->serial_fd, bytes, sizeof bytes);
    if (size <= 0) {
        close_fd(&session->serial_fd);
        return;
    }
    if (!session->output_error && !write_all(STDOUT_FILENO, bytes, (size_t)size))
        session->output_error = errno;
    if (session->log_fd >= 0 && !write_all(session->log_fd, bytes, (size_t)size)) {
        cli_warn("%s: %s; the log is not complete", session->options->serial_log, strerror(errno));
        close_fd(&session->log_fd);
    }
}

static void take_signal(struct session *session)
{
    struct signalfd_siginfo info;
    if (read(session->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        session->signal = (int)info.ssi_signo;
}

static void take_input(struct session *session)
{
    char bytes[256];
    ssize_t size = read(session->input_fd, bytes, sizeof bytes);
    if (size <= 0)
        session->input_fd = -1;       /* stdin stays open */
    else if (session->serial_fd >= 0) /* what a guest does not read in time is lost, as on a wire */
        send(session->serial_fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_output_end(struct session *session)
{
    session->output_error = EPIPE; /* nobody reads our stdout any more */
    session->output_fd = -1;
}

/* Waits for the next thing to happen and takes it in. False: nothing did until the deadline (0: there is none). */
static bool pump(struct session *session, int64_t deadline_ms)
{
    struct pollfd fds[] = {
        {.fd = session->serial_fd, .events = POLLIN}, {.fd = session->exit_fd, .events = POLLIN},
        {.fd = session->qmp.fd, .events = POLLIN},    {.fd = session->signal_fd, .events = POLLIN},
        {.fd = session->input_fd, .events = POLLIN},  {.fd = session->output_fd, .events = 0},
    };
    static void (*const take[])(struct session *) = {take_serial, take_exit,  take_qmp,
                                                     take_signal, take_input, take_output_end};
    int wait_ms = -1;
    if (deadline_ms) {
        int64_t left_ms = deadline_ms - now_ms();
        wait_ms = left_ms > 0 ? (int)left_ms : 0;
    }
    int ready = poll(fds, sizeof fds / sizeof *fds, wait_ms);
    if (ready == 0)
        return false;
    for (size_t i = 0; ready > 0 && i < sizeof fds / sizeof *fds; i++)
        if (fds[i].revents)
            take[i](session);
    return true;
}

/* --- start and end ----------------------------------------------------------------------------------------------- */

/* Keys go to the guest as they are typed, without an echo of ours; Ctrl-C still is a signal. */
static void terminal_take(struct session *session)
{
    session->input_fd = -1;
    if (session->serial_fd < 0 || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, &session->terminal) != 0)
        return;
    struct termios keys = session->terminal;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_iflag &= ~(tcflag_t)ICRNL;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;
    session->terminal_changed = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    session->input_fd = STDIN_FILENO;
}

static void terminal_give_back(struct session *session)
{
    if (session->terminal_changed)
        tcsetattr(STDIN_FILENO, TCSANOW, &session->terminal);
}

static void ending_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGQUIT);
}

void guest_block_signals(sigset_t *before)
{
    sigset_t signals;
    ending_signals(&signals);
    sigaddset(&signals, SIGPIPE); /* seen as a failed write */
    sigprocmask(SIG_BLOCK, &signals, before);
}

static bool open_signals(struct session *session)
{
    sigset_t signals;
    ending_signals(&signals);
    session->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return session->signal_fd >= 0;
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

static void print_command(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        fprintf(stderr, "%s'%s'", i ? " " : "", arguments->items[i]);
    fputc('\n', stderr);
}

static bool start_qemu(struct session *session)
{
    struct qemu_options qemu = session->options->qemu;
    int theirs[3] = {-1, -1, -1}, qmp_fd = -1;
    bool started = open_channel(&qmp_fd, &theirs[0]) && open_channel(&session->exit_fd, &theirs[1]) &&
                   (!session->options->serial || open_channel(&session->serial_fd, &theirs[2])) &&
                   qmp_open(&session->qmp, qmp_fd);
    if (started) {
        struct arguments arguments = {0};
        qemu.qmp_fd = theirs[0];
        qemu.exit_fd = theirs[1];
        qemu.serial_fd = theirs[2];
        qemu_arguments(&qemu, &arguments);
        if (session->options->verbose)
            print_command(&arguments);
        session->pid = process_start(&arguments, theirs, session->options->serial ? 3 : 2);
        started = session->pid > 0;
        arguments_free(&arguments);
    }
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        close_fd(&theirs[i]);
    return started;
}

static bool open_log(struct session *session)
{
    const char *path = session->options->serial_log;
    if (!path)
        return true;
    session->log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (session->log_fd < 0)
        cli_error("%s: can't write the serial log: %s", path, strerror(errno));
    return session->log_fd >= 0;
}

static bool session_open(struct session *session, const struct guest_options *options)
{
    *session = (struct session){.options = options,
                                .qmp.fd = -1,
                                .exit_fd = -1,
                                .serial_fd = -1,
                                .signal_fd = -1,
                                .input_fd = -1,
                                .output_fd = STDOUT_FILENO,
                                .log_fd = -1};
    if (!open_signals(session)) {
        cli_error("can't watch for signals: %s", strerror(errno));
        return false;
    }
    if (!open_log(session))
        return false;
    if (!start_qemu(session)) {
        cli_error("QEMU could not be started");
        return false;
    }
    terminal_take(session);
    return true;
}

static void session_close(struct session *session)
{
    terminal_give_back(session);
    qmp_close(&session->qmp);
    close_fd(&session->qmp.fd);
    close_fd(&session->exit_fd);
    close_fd(&session->serial_fd);
    close_fd(&session->signal_fd);
    close_fd(&session->log_fd);
}

/* --- from the outside -------------------------------------------------------------------------------------------- */

/* Waits for the answer to the last command, while the guest's output goes on being read. */
static bool answered(struct session *session)
{
    int64_t deadline_ms = now_ms() + COMMAND_TIME_MS;
    while (!session->ended && session->qmp.answered != session->qmp.sent)
        if (!pump(session, deadline_ms))
            return false;
    return !session->ended && !session->qmp.failed;
}

static bool command(struct session *session, const char *name)
{
    return !session->ended && qmp_send(&session->qmp, name) && answered(session);
}

static void take_screenshot(struct session *session)
{
    const char *path = session->options->screenshot;
    if (!path || session->ended)
        return;
    if (!qmp_send_screendump(&session->qmp, path) || !answered(session))
        cli_warn("%s: no screenshot: %s", path, session->qmp.failed ? session->qmp.error_text : "QEMU does not answer");
}

/* Ends QEMU and collects its exit status. */
static int end_qemu(struct session *session)
{
    if (command(session, "stop"))
        take_screenshot(session);
    command(session, "quit");
    int64_t deadline_ms = now_ms() + COMMAND_TIME_MS;
    while ((!session->ended || session->serial_fd >= 0) && pump(session, deadline_ms))
        continue;
    int status = 0;
    if (!process_wait(session->pid, COMMAND_TIME_MS, &status)) {
        kill(session->pid, SIGKILL);
        process_wait(session->pid, COMMAND_TIME_MS, &status);
    }
    return status;
}

static int ended_by_itself(const struct session *session, int status)
{
    if (!session->qmp.greeted) {
        cli_error("QEMU did not start the machine (-v shows its command line)");
        return EXIT_FAILED;
    }
    if (!WIFEXITED(status)) {
        cli_error("QEMU was killed by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        return EXIT_FAILED;
    }
    /* An isa-debug-exit device among the user's own arguments: QEMU's exit code is (value << 1) | 1. */
    int code = WEXITSTATUS(status);
    if (code == (QEMU_EXIT_SUCCESS << 1 | 1)) {
        cli_note("the guest reported success");
        return EXIT_OK;
    }
    cli_note("QEMU ended with exit code %d", code);
    return EXIT_GUEST_FAILED;
}

static int verdict(const struct session *session, bool timed_out, int status)
{
    if (session->signal)
        return EXIT_FAILED;
    if (session->output_error) {
        if (session->output_error != EPIPE)
            cli_error("can't write to stdout: %s", strerror(session->output_error));
        return EXIT_IO;
    }
    if (session->answered && session->answer == QEMU_EXIT_SUCCESS) {
        cli_note("the guest reported success");
        return EXIT_OK;
    }
    if (session->answered) {
        cli_note("the guest reported failure (%#x on port %#x)", session->answer, QEMU_EXIT_PORT);
        return EXIT_GUEST_FAILED;
    }
    if (timed_out) {
        cli_note("no verdict after %d s", session->options->timeout_seconds);
        return EXIT_GUEST_TIMEOUT;
    }
    if (session->qmp.shutdown && strcmp(session->qmp.shutdown_reason, "guest-reset") == 0) {
        cli_note("the guest reset the machine, or a triple fault did");
        return EXIT_GUEST_RESET;
    }
    if (session->qmp.shutdown) {
        cli_note("the machine stopped without a verdict of the guest (%s)", session->qmp.shutdown_reason);
        return EXIT_GUEST_FAILED;
    }
    return ended_by_itself(session, status);
}

/* With a window, the user decides when it has been looked at for long enough. */
static bool over(const struct session *session)
{
    if (session->signal || session->output_error || session->ended)
        return true;
    if (session->options->qemu.gui)
        return session->qmp.window_closed;
    return session->answered || session->qmp.shutdown;
}

/* True: the time is over. */
static bool wait_for_end(struct session *session)
{
    int seconds = session->options->timeout_seconds;
    int64_t deadline_ms = seconds ? now_ms() + (int64_t)seconds * 1000 : 0;
    bool ready = false;
    while (!over(session)) {
        if (!pump(session, deadline_ms))
            return true;
        if (session->qmp.greeted && !ready)
            ready = qmp_send(&session->qmp, "qmp_capabilities");
    }
    return false;
}

int guest_run(const struct guest_options *options, int *signal)
{
    struct session session;
    int result = EXIT_FAILED;
    if (session_open(&session, options)) {
        bool timed_out = wait_for_end(&session);
        bool ended_early = session.ended;
        int status = end_qemu(&session);
        session.ended = ended_early;
        result = verdict(&session, timed_out, status);
    }
    *signal = session.output_error == EPIPE ? SIGPIPE : session.signal;
    session_close(&session);
    return result;
}
