#include "case_run.h"

#include "cli.h"
#include "failure.h"
#include "guest_io.h"

#include <json-c/json.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

/* --- preparing --------------------------------------------------------------------------------------------------- */

static enum exit_code name_file(char **path, const struct case_plan *plan, const struct case_run *run,
                                const char *ending)
{
    if (asprintf(path, "%s/%s.%s", plan->directory, run->machine->name, ending) >= 0)
        return EXIT_OK;
    *path = NULL;
    return failure_memory();
}

static enum exit_code name_files(const struct case_plan *plan, struct case_run *run)
{
    enum exit_code code = name_file(&run->serial_log, plan, run, "serial.log");
    if (code == EXIT_OK)
        code = name_file(&run->e9_log, plan, run, "e9.log");
    if (code == EXIT_OK)
        code = name_file(&run->messages, plan, run, "messages.log");
    if (code == EXIT_OK)
        code = name_file(&run->picture, plan, run, "png");
    return code == EXIT_OK ? name_file(&run->report, plan, run, "report.json") : code;
}

/* The matrix has it as one more firmware, run as an option of its own. */
static bool is_direct(const struct matrix_case *machine)
{
    const char *firmware = machine->values[AXIS_FIRMWARE];
    return firmware && strcmp(firmware, "direct") == 0;
}

static void make_command(const struct case_plan *plan, struct case_run *run)
{
    struct arguments *command = &run->command;
    const struct matrix_case *machine = run->machine;
    arguments_add(command, "imgtool");
    arguments_add(command, "run");
    arguments_add(command, plan->image);
    bool direct = is_direct(machine);
    if (direct)
        arguments_add(command, "--direct");
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        if (machine->values[axis] && !(direct && axis == AXIS_FIRMWARE))
            arguments_addf(command, "--%s=%s", matrix_axis_names[axis], machine->values[axis]);
    arguments_addf(command, "--timeout=%d",
                   machine->timeout_seconds ? machine->timeout_seconds : plan->timeout_seconds);
    if (plan->success_pattern)
        arguments_addf(command, "--success-pattern=%s", plan->success_pattern);
    if (plan->qemu)
        arguments_addf(command, "--qemu=%s", plan->qemu);
    if (machine->qemu.count)
        arguments_add(command, "--");
    for (size_t i = 0; i < machine->qemu.count; i++)
        arguments_add(command, machine->qemu.items[i]);
}

/* The command with further options of its own: they stand before the image. */
static void extend_command(const struct case_run *run, const char *const *options, struct arguments *extended)
{
    arguments_add(extended, SELF);
    arguments_add(extended, "run");
    for (; *options; options++)
        arguments_add(extended, *options);
    for (size_t i = 2; i < run->command.count; i++)
        arguments_add(extended, run->command.items[i]);
}

static enum exit_code check_options(const struct case_run *run)
{
    static const char *const options[] = {"--check", NULL};
    struct arguments command = {0};
    extend_command(run, options, &command);
    int code = process_run(&command);
    arguments_free(&command);
    if (code == EXIT_OK)
        return EXIT_OK;
    return failure(code < 0 ? EXIT_FAILED : (enum exit_code)code, "case %s can't be run", run->machine->name);
}

enum exit_code case_runs_prepare(const struct case_plan *plan, const struct matrix *matrix, struct case_runs *runs)
{
    enum exit_code code = EXIT_OK;
    *runs = (struct case_runs){.list = calloc(matrix->count, sizeof *runs->list)};
    if (!runs->list)
        return failure_memory();
    for (; runs->count < matrix->count && code == EXIT_OK; runs->count++) {
        struct case_run *run = &runs->list[runs->count];
        run->machine = &matrix->cases[runs->count];
        code = name_files(plan, run);
        if (code == EXIT_OK)
            make_command(plan, run);
        if (code == EXIT_OK)
            code = check_options(run);
    }
    return code;
}

/* --- a case ------------------------------------------------------------------------------------------------------ */

static int create_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        cli_error("%s: can't be written: %s", path, strerror(errno));
    return fd;
}

static void remove_files(const struct case_run *run)
{
    const char *const paths[] = {run->serial_log, run->e9_log, run->messages, run->picture, run->report};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i])
            unlink(paths[i]);
}

static bool start(struct case_run *run)
{
    const char *const options[] = {"--screenshot", run->picture, "--e9-log",  run->e9_log,
                                   "--report",     run->report,  "--checked", NULL};
    remove_files(run); /* what an earlier test has left must not be taken for what this one found */
    int output = create_file(run->serial_log);
    int errors = output < 0 ? -1 : create_file(run->messages);
    if (errors >= 0) {
        struct arguments command = {0};
        extend_command(run, options, &command);
        run->start_ms = guest_io_now_ms();
        run->pid = process_start_to(&command, output, errors);
        arguments_free(&command);
        close(errors);
    }
    if (output >= 0)
        close(output);
    return run->pid > 0;
}

static char *last_line(const char *path)
{
    char *line = NULL, *last = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &room, file) > 0) {
        free(last);
        last = strndup(line, strcspn(line, "\n"));
    }
    free(line);
    if (file)
        fclose(file);
    return last;
}

static void read_report(struct case_run *run)
{
    struct json_object *report = json_object_from_file(run->report), *member;
    if (json_object_object_get_ex(report, "reason", &member))
        run->reason = strdup(json_object_get_string(member));
    if (json_object_object_get_ex(report, "boot_error", &member))
        run->boot_error = strdup(json_object_get_string(member));
    json_object_put(report);
    if (!run->reason)
        run->reason = last_line(run->messages);
    if (!run->reason)
        run->reason = strdup("imgtool run ended without a word");
}

static void drop_file(char **path, bool only_if_empty)
{
    struct stat stat_of;
    if (only_if_empty && stat(*path, &stat_of) == 0 && stat_of.st_size > 0)
        return;
    unlink(*path);
    free(*path);
    *path = NULL;
}

static void end(struct case_run *run, int status)
{
    run->run_ms = guest_io_now_ms() - run->start_ms;
    run->pid = 0;
    run->ended = true;
    run->code = WIFEXITED(status) ? (enum exit_code)WEXITSTATUS(status) : EXIT_FAILED;
    read_report(run);
    drop_file(&run->report, false);
    bool passed = run->code == EXIT_OK;
    drop_file(&run->serial_log, !passed);
    drop_file(&run->e9_log, !passed);
    drop_file(&run->messages, !passed);
    drop_file(&run->picture, !passed);
}

/* It would be the same with each further case: the kernel is refused, or a file can't be read or written. */
static bool is_hopeless(enum exit_code code)
{
    return code == EXIT_USAGE || code == EXIT_INPUT_REJECTED || code == EXIT_IO || code == EXIT_HELPER_MISSING;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

struct pool {
    const struct case_plan *plan;
    struct case_runs *runs;
    size_t next;
    unsigned running, busy_cpus;
    int signal_fd;
};

static unsigned cpus_of(const struct case_run *run)
{
    const char *smp = run->machine->values[AXIS_SMP];
    long cpus = smp ? strtol(smp, NULL, 10) : 1;
    return cpus > 1 && cpus < 4096 ? (unsigned)cpus : 1;
}

static enum exit_code start_more(struct pool *pool)
{
    if (pool->plan->output && pool->plan->output->size >= GUEST_SINK_FULL)
        return EXIT_OK;
    while (pool->next < pool->runs->count) {
        struct case_run *run = &pool->runs->list[pool->next];
        unsigned cpus = cpus_of(run);
        if (pool->running && pool->busy_cpus + cpus > pool->plan->cpus)
            return EXIT_OK;
        if (!start(run))
            return EXIT_IO;
        pool->running++;
        pool->busy_cpus += cpus;
        pool->next++;
    }
    return EXIT_OK;
}

static void show_messages(const struct case_run *run)
{
    char text[4096];
    FILE *file = run->messages ? fopen(run->messages, "re") : NULL;
    size_t size;
    while (file && (size = fread(text, 1, sizeof text, file)) > 0)
        fwrite(text, 1, size, stderr);
    if (file)
        fclose(file);
}

static enum exit_code take_ended(struct pool *pool)
{
    for (size_t i = 0; i < pool->next; i++) {
        struct case_run *run = &pool->runs->list[i];
        int status;
        if (run->pid <= 0 || waitpid(run->pid, &status, WNOHANG) != run->pid)
            continue;
        end(run, status);
        pool->running--;
        pool->busy_cpus -= cpus_of(run);
        if (is_hopeless(run->code)) {
            show_messages(run);
            remove_files(run);
            return run->code;
        }
        pool->plan->progress(pool->plan->context);
    }
    return EXIT_OK;
}

/* Runs end their QEMU and remove their files when they are told to end. */
static void stop_all(struct pool *pool)
{
    for (size_t i = 0; i < pool->next; i++)
        if (pool->runs->list[i].pid > 0)
            kill(pool->runs->list[i].pid, SIGTERM);
    for (size_t i = 0; i < pool->next; i++) {
        struct case_run *run = &pool->runs->list[i];
        int status;
        if (run->pid <= 0 || !process_wait(run->pid, -1, &status))
            continue;
        run->pid = 0;
        remove_files(run);
    }
}

static enum exit_code take_signal(struct pool *pool)
{
    struct signalfd_siginfo info;
    ssize_t size = read(pool->signal_fd, &info, sizeof info);
    if (size != (ssize_t)sizeof info)
        return errno == EINTR ? EXIT_OK : failure(EXIT_FAILED, "can't wait for signals: %s", strerror(errno));
    if (info.ssi_signo == SIGCHLD)
        return take_ended(pool);
    pool->runs->signal = (int)info.ssi_signo;
    return EXIT_FAILED;
}

static enum exit_code check_output(const struct guest_sink *output)
{
    if (!output->error && !output->lost)
        return EXIT_OK;
    return failure(EXIT_IO, "can't write to stdout: %s", strerror(output->error ? output->error : ENOBUFS));
}

/* For a signal, or for room where the report goes. */
static enum exit_code wait_for_event(struct pool *pool)
{
    struct guest_sink *output = pool->plan->output;
    bool waits = output && output->size; /* else a reader that has gone shows when there is something to say */
    struct pollfd fds[] = {{.fd = pool->signal_fd, .events = POLLIN},
                           {.fd = waits ? output->fd : -1, .events = POLLOUT}};
    enum exit_code code = EXIT_OK;
    if (poll(fds, 2, -1) < 0)
        return errno == EINTR ? EXIT_OK : failure(EXIT_FAILED, "can't wait for signals: %s", strerror(errno));
    if (fds[1].revents)
        guest_sink_ready(output);
    if (fds[0].revents)
        code = take_signal(pool);
    return code == EXIT_OK && output ? check_output(output) : code;
}

static int open_signals(void)
{
    sigset_t signals;
    const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&signals, numbers[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

enum exit_code case_runs_carry_out(const struct case_plan *plan, struct case_runs *runs)
{
    struct pool pool = {.plan = plan, .runs = runs, .signal_fd = open_signals()};
    if (pool.signal_fd < 0)
        return failure(EXIT_FAILED, "can't wait for signals: %s", strerror(errno));
    bool made = mkdir(plan->directory, 0777) == 0;
    enum exit_code code = EXIT_OK;
    if (!made && errno != EEXIST)
        code = failure(EXIT_IO, "%s: can't make this directory: %s", plan->directory, strerror(errno));
    while (code == EXIT_OK && (pool.running || pool.next < runs->count || (plan->output && plan->output->size))) {
        code = start_more(&pool);
        if (code == EXIT_OK)
            code = wait_for_event(&pool);
    }
    stop_all(&pool);
    if (made)
        rmdir(plan->directory); /* fails, as it should, when there is something in it */
    close(pool.signal_fd);
    return code;
}

void case_runs_free(struct case_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        struct case_run *run = &runs->list[i];
        char *const owned[] = {run->reason,   run->boot_error, run->serial_log, run->e9_log,
                               run->messages, run->picture,    run->report};
        for (size_t text = 0; text < sizeof owned / sizeof *owned; text++)
            free(owned[text]);
        arguments_free(&run->command);
    }
    free(runs->list);
    *runs = (struct case_runs){0};
}
