#include "guest.h"

#include "cli.h"

#include <utf.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define COMMAND_TIME_MS 10000 /* for one QMP command, a screenshot included; QEMU is killed when it takes longer */
#define LAST_WORDS_MS 1000    /* after a time-out, for whoever reads our output slowly */
#define SAMPLE_TIME_MS 50     /* between two looks at the CPU of a guest that gave up */

struct session {
    const struct guest_options *options;
    pid_t pid;
    struct guest_io io;
    struct stop_watch cpu;
    int sample;        /* number of the QMP command that asked for registers; 0: none is due */
    int64_t sample_ms; /* when the next is due */
    bool stopped;      /* the guest gave up */
    bool timed_out;
    int64_t end_ms;    /* when it is; 0: never */
    bool picture_lost; /* the screenshot could not be written */
};

/* --- start ------------------------------------------------------------------------------------------------------- */

static void print_command(const struct arguments *arguments)
{
    char *text = arguments_text(arguments);
    fprintf(stderr, "%s\n", text);
    free(text);
}

static enum exit_code start(struct session *session)
{
    struct guest_io_peers peers;
    enum exit_code code = guest_io_open(&session->io, &session->options->io, &peers);
    if (code == EXIT_OK) {
        struct arguments arguments = {0};
        struct qemu_options qemu = session->options->qemu;
        const int keep[] = {peers.qmp, peers.exit, peers.e9, peers.serial};
        qemu.qmp_fd = peers.qmp;
        qemu.exit_fd = peers.exit;
        qemu.e9_fd = peers.e9;
        qemu.serial_fd = peers.serial;
        qemu_arguments(&qemu, &arguments);
        if (session->options->verbose)
            print_command(&arguments);
        session->pid = process_start(&arguments, keep, peers.serial < 0 ? 3 : 4);
        code = session->pid > 0 ? EXIT_OK : EXIT_FAILED;
        arguments_free(&arguments);
    }
    guest_io_close_peers(&peers);
    return code;
}

/* --- while it runs ----------------------------------------------------------------------------------------------- */

/* After a BOOT-ERR line: looks at the CPU from time to time. Returns when it wants to be called again; 0: need not. */
static int64_t watch_for_stop(struct session *session)
{
    struct qmp *qmp = &session->io.qmp;
    if (session->io.ended || !qmp->ready || !guest_io_error(&session->io))
        return 0;
    if (session->sample && qmp->answered == session->sample) {
        session->stopped = stop_watch_registers(&session->cpu, qmp->text);
        session->sample = 0;
        session->sample_ms = guest_io_now_ms() + SAMPLE_TIME_MS;
    }
    if (!session->sample && guest_io_now_ms() >= session->sample_ms && qmp_send_monitor(qmp, "info registers"))
        session->sample = qmp->sent;
    return session->sample ? 0 : session->sample_ms;
}

/* With a window, the user decides when it has been looked at for long enough. */
static bool over(const struct session *session)
{
    const struct guest_io *io = &session->io;
    if (io->signal || io->output_error || io->ended || session->timed_out)
        return true;
    if (session->options->qemu.gui)
        return io->qmp.window_closed;
    return io->answered || io->qmp.shutdown || session->stopped || guest_io_found(io);
}

static void wait_for_end(struct session *session)
{
    int seconds = session->options->timeout_seconds;
    int64_t end_ms = session->end_ms = seconds ? guest_io_now_ms() + (int64_t)seconds * 1000 : 0;
    while (!over(session)) {
        int64_t next_ms = watch_for_stop(session);
        if (over(session))
            return;
        guest_io_wait(&session->io, next_ms && (!end_ms || next_ms < end_ms) ? next_ms : end_ms);
        qmp_start(&session->io.qmp);
        session->timed_out = !over(session) && end_ms && guest_io_now_ms() >= end_ms;
    }
}

/* --- end --------------------------------------------------------------------------------------------------------- */

/* Waits for the answer to the last command, while the guest's output goes on being read. */
static bool answered(struct session *session)
{
    struct guest_io *io = &session->io;
    int64_t deadline_ms = guest_io_now_ms() + COMMAND_TIME_MS;
    while (!io->ended && io->qmp.answered != io->qmp.sent && guest_io_wait(io, deadline_ms))
        continue;
    return !io->ended && io->qmp.answered == io->qmp.sent && !io->qmp.failed;
}

static bool command(struct session *session, const char *name)
{
    return !session->io.ended && qmp_send(&session->io.qmp, name) && answered(session);
}

/* QEMU's words for a machine without a graphics card, or with one that the guest has not set up. */
static bool has_no_screen(const char *text)
{
    return strcasestr(text, "no console") || strcasestr(text, "no surface");
}

static void take_screenshot(struct session *session)
{
    const char *path = session->options->screenshot;
    struct qmp *qmp = &session->io.qmp;
    if (!path || session->io.ended)
        return;
    if (qmp_send_screendump(qmp, path) && answered(session))
        return;
    cli_warn("%s: no screenshot: %s", session->options->screenshot_name,
             qmp->failed ? qmp->text : "QEMU does not answer");
    session->picture_lost = !qmp->failed || !has_no_screen(qmp->text);
}

/* A slow reader gets the rest of the output too, while the user is ready to wait. */
static void drain(struct session *session)
{
    struct guest_io *io = &session->io;
    int64_t grace_ms = guest_io_now_ms() + LAST_WORDS_MS;
    int64_t deadline_ms = session->end_ms && session->end_ms < grace_ms ? grace_ms : session->end_ms;
    while (!io->signal && guest_io_is_pending(io) && guest_io_wait(io, deadline_ms))
        continue;
}

/* Ends QEMU, reads what it still has to say and returns its exit status. */
static int end(struct session *session)
{
    struct guest_io *io = &session->io;
    io->ending = true;
    if (command(session, "stop"))
        take_screenshot(session);
    command(session, "quit");
    int64_t deadline_ms = guest_io_now_ms() + COMMAND_TIME_MS;
    while ((!io->ended || io->serial.fd >= 0 || io->e9.fd >= 0) && guest_io_wait(io, deadline_ms))
        continue;
    int status = 0;
    if (!process_wait(session->pid, COMMAND_TIME_MS, &status)) {
        kill(session->pid, SIGKILL);
        process_wait(session->pid, COMMAND_TIME_MS, &status);
    }
    drain(session);
    return status;
}

/* --- verdict ----------------------------------------------------------------------------------------------------- */

/* What the guest did is a note, what imgtool or QEMU could not do is an error. */
__attribute__((format(printf, 3, 4))) static void decide(struct guest_result *result, enum exit_code code,
                                                         const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(result->reason, sizeof result->reason, format, list);
    va_end(list);
    result->code = code;
    if (code == EXIT_FAILED || code == EXIT_IO)
        cli_error("%s", result->reason);
    else
        cli_note("%s", result->reason);
}

/* A run that leaves less than it was asked for is no success. */
static void succeed(const struct session *session, const char *text, struct guest_result *result)
{
    const char *lost = session->picture_lost ? session->options->screenshot_name : guest_io_incomplete(&session->io);
    if (lost)
        decide(result, EXIT_IO, "%s, but %s could not be written as a whole", text, lost);
    else
        decide(result, EXIT_OK, "%s", text);
}

static void succeeded(const struct session *session, struct guest_result *result)
{
    if (session->io.pattern && !guest_io_found(&session->io))
        decide(result, EXIT_GUEST_FAILED, "the guest reported success, but the success pattern did not appear");
    else
        succeed(session, "the guest reported success", result);
}

static void qemu_ended(const struct session *session, int status, struct guest_result *result)
{
    /* An isa-debug-exit device among the user's own arguments: QEMU's exit code is (value << 1) | 1. */
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (!session->io.qmp.greeted)
        decide(result, EXIT_FAILED, "QEMU did not start the machine (-v shows its command line)");
    else if (!WIFEXITED(status))
        decide(result, EXIT_FAILED, "QEMU was killed by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    else if (code == (QEMU_EXIT_SUCCESS << 1 | 1))
        succeeded(session, result);
    else
        decide(result, EXIT_GUEST_FAILED, "QEMU ended with exit code %d", code);
}

static void output_failed(int error, struct guest_result *result)
{
    result->code = EXIT_IO;
    if (error != EPIPE)
        decide(result, EXIT_IO, "can't write to stdout: %s", strerror(error));
}

static void guest_stopped(const char *reason, struct guest_result *result)
{
    if (strcmp(reason, "guest-reset") == 0)
        decide(result, EXIT_GUEST_RESET, "the guest reset the machine, or a triple fault did");
    else
        decide(result, EXIT_GUEST_FAILED, "the machine stopped without a verdict of the guest (%s)", reason);
}

/* What the guest said, as text that can be printed and is UTF-8. */
static void copy_text(char *to, size_t room, const char *from)
{
    const char *end = from + strlen(from);
    size_t size = 0;
    while (from < end && size + 4 < room) {
        const char *start = from;
        uint32_t character = 0;
        if (!utf8_take(&from, end, &character))
            from++;
        if (character < ' ' || character == 0x7f) {
            to[size++] = '?';
            continue;
        }
        memcpy(to + size, start, (size_t)(from - start));
        size += (size_t)(from - start);
    }
    to[size] = '\0';
}

static void verdict(const struct session *session, int status, struct guest_result *result)
{
    const struct guest_io *io = &session->io;
    const char *error = guest_io_error(io) ? result->boot_error : NULL;
    if (error)
        copy_text(result->boot_error, sizeof result->boot_error, guest_io_error(io));
    if (io->signal)
        result->code = EXIT_FAILED;
    else if (io->output_error)
        output_failed(io->output_error, result);
    else if (io->answered && io->answer != QEMU_EXIT_SUCCESS)
        decide(result, EXIT_GUEST_FAILED, "the guest reported failure (%#x on port %#x)", io->answer, QEMU_EXIT_PORT);
    else if (guest_io_found(io))
        succeed(session, "the success pattern appeared", result);
    else if (io->answered)
        succeeded(session, result);
    else if (session->stopped)
        decide(result, EXIT_GUEST_FAILED, "the machine stands still after: %s", error);
    else if (session->timed_out)
        decide(result, EXIT_GUEST_TIMEOUT, "no verdict after %d s%s%s", session->options->timeout_seconds,
               error ? "; it said: " : "", error ? error : "");
    else if (io->qmp.shutdown)
        guest_stopped(io->qmp.shutdown_reason, result);
    else
        qemu_ended(session, status, result);
}

const char *guest_verdict_word(enum exit_code code)
{
    if (code == EXIT_OK)
        return "success";
    if (code == EXIT_GUEST_FAILED)
        return "failure";
    if (code == EXIT_GUEST_RESET)
        return "reset";
    return code == EXIT_GUEST_TIMEOUT ? "timeout" : "error";
}

enum exit_code guest_run(const struct guest_options *options, struct guest_result *result)
{
    struct session session = {.options = options};
    int64_t start_ms = guest_io_now_ms();
    *result = (struct guest_result){.code = start(&session), .reason = "QEMU could not be started"};
    if (result->code == EXIT_OK) {
        result->reason[0] = '\0';
        wait_for_end(&session);
        int status = end(&session);
        verdict(&session, status, result);
    }
    result->run_ms = guest_io_now_ms() - start_ms;
    result->signal = session.io.output_error == EPIPE ? SIGPIPE : session.io.signal;
    guest_io_close(&session.io);
    return result->code;
}
