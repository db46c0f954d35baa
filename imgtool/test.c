/* imgtool test: boots a kernel on many machines, several at a time. */
#include "case_run.h"
#include "cli.h"
#include "failure.h"
#include "guest_io.h"
#include "host_file.h"
#include "operands.h"
#include "output_files.h"
#include "process.h"
#include "qemu_lists.h"
#include "test_report.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MATRIX_TEXT_MAX (1u << 20)

static char *matrix_file, *success_pattern, *directory, *junit, *qemu_program;
static int timeout_seconds = 60, jobs, as_json, print_matrix;

static const struct poptOption options[] = {
    {"matrix", 'm', POPT_ARG_STRING, &matrix_file, 0, "the machines to boot on (default: six of the usual kinds)",
     "FILE"},
    {"timeout", 't', POPT_ARG_INT, &timeout_seconds, 0,
     "a case without a verdict after that many seconds has failed (default: 60)", "S"},
    {"jobs", 'j', POPT_ARG_INT, &jobs, 0, "use that many CPUs at a time (default: all)", "N"},
    {"success-pattern", 0, POPT_ARG_STRING, &success_pattern, 0,
     "success is this text in the guest's output; between slashes, a regular expression", "TEXT|/REGEX/"},
    {"output", 'o', POPT_ARG_STRING, &directory, 0,
     "where logs and screenshots of failed cases go (default: imgtool-test)", "DIR"},
    {"junit", 0, POPT_ARG_STRING, &junit, 0, "write a JUnit file, too", "FILE"},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "the results as JSON, at the end, instead of TAP", NULL},
    {"qemu", 0, POPT_ARG_STRING, &qemu_program, 0, "QEMU to use (default: qemu-system-x86_64 in PATH)", "PATH"},
    {"print-matrix", 0, POPT_ARG_NONE, &print_matrix, 0, "print the default matrix, as a start for your own", NULL},
    POPT_TABLEEND,
};

static enum exit_code parse_matrix(const char *name, const char *text, size_t size, struct matrix *matrix)
{
    struct matrix_error error;
    if (matrix_parse(text, size, matrix, &error))
        return EXIT_OK;
    if (error.line == 0)
        return failure(EXIT_USAGE, "%s: %s", name, error.text);
    return failure(EXIT_USAGE, "%s:%u: %s", name, error.line, error.text);
}

static enum exit_code read_matrix(struct matrix *matrix)
{
    struct host_file file;
    if (!matrix_file)
        return parse_matrix("the default matrix", matrix_default, strlen(matrix_default), matrix);
    enum exit_code code = host_file_open(&file, matrix_file);
    if (code != EXIT_OK)
        return code;
    size_t size = file.size < MATRIX_TEXT_MAX ? (size_t)file.size : MATRIX_TEXT_MAX;
    char *text = malloc(size + 1);
    code = text ? host_file_read(&file, 0, size, text) : failure_memory();
    if (code == EXIT_OK)
        code = parse_matrix(matrix_file, text, size, matrix);
    free(text);
    host_file_close(&file);
    return code;
}

/* The program that run will find; false if it is not installed, which run says. */
static bool find_qemu(char *program)
{
    return process_find(qemu_program ? qemu_program : "qemu-system-x86_64", program);
}

/* Values that only QEMU can judge, before a machine is started: the command line of each case was looked at already. */
static enum exit_code ask_qemu(const struct matrix *matrix)
{
    static const struct {
        enum matrix_axis axis;
        enum qemu_list list;
    } asked[] = {{AXIS_MACHINE, QEMU_MACHINES}, {AXIS_CPU, QEMU_CPUS}, {AXIS_VGA, QEMU_CARDS}};
    char program[PATH_MAX], where[PATH_MAX + 64];
    if (!find_qemu(program))
        return EXIT_OK;
    for (size_t i = 0; i < matrix->count; i++) {
        const struct matrix_case *machine = &matrix->cases[i];
        for (size_t n = 0; n < sizeof asked / sizeof *asked; n++) {
            enum matrix_axis axis = asked[n].axis;
            snprintf(where, sizeof where, "%s:%u: %s", matrix_file ? matrix_file : "the default matrix",
                     machine->lines[axis], matrix_axis_names[axis]);
            if (!qemu_lists_ok(program, asked[n].list, where, machine->values[axis], machine->values[axis]))
                return EXIT_USAGE;
        }
    }
    return EXIT_OK;
}

/* Cases are reported in the matrix's order, each as soon as those before it have ended. */
struct progress {
    const struct case_runs *runs;
    size_t reported;
    bool begun;
    struct guest_sink output; /* fd -1 with --json */
};

static void put_progress(FILE *to, struct progress *progress)
{
    if (!progress->begun)
        test_report_tap_plan(to, progress->runs->count);
    progress->begun = true;
    for (; progress->reported < progress->runs->count; progress->reported++) {
        const struct case_run *run = &progress->runs->list[progress->reported];
        if (!run->ended)
            break;
        test_report_tap_case(to, progress->reported + 1, run);
    }
}

static void report_progress(void *context)
{
    struct progress *progress = context;
    char *text = NULL;
    size_t size = 0;
    if (as_json)
        return;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        exit(failure_memory());
    put_progress(to, progress);
    if (fclose(to) != 0)
        exit(failure_memory());
    guest_sink_put(&progress->output, text, size);
    free(text);
}

static void bail_out(struct guest_sink *output, int signal)
{
    char line[128];
    snprintf(line, sizeof line, "Bail out! %s\n", signal ? strsignal(signal) : "the cases can't be run");
    guest_sink_put(output, line, strlen(line));
}

static unsigned count_cpus(void)
{
    cpu_set_t set;
    if (jobs > 0)
        return (unsigned)jobs;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

/* The code that all failed cases share, else the general one. */
static enum exit_code overall(const struct case_runs *runs)
{
    enum exit_code code = EXIT_OK;
    for (size_t i = 0; i < runs->count; i++) {
        enum exit_code this = runs->list[i].code;
        if (this != EXIT_OK)
            code = code == EXIT_OK || code == this ? this : EXIT_GUEST_FAILED;
    }
    return code;
}

static const char *output_directory(void)
{
    return directory ? directory : "imgtool-test";
}

static enum exit_code report(const char *image, const struct case_runs *runs)
{
    size_t failed = test_report_failures(runs);
    if (as_json)
        test_report_json(image, runs);
    if (junit && !test_report_junit(junit, image, runs))
        return failure(EXIT_IO, "%s: can't be written: %s", junit, host_write_problem());
    if (failed)
        cli_note("%zu of %zu cases failed; their logs and screenshots are in %s", failed, runs->count,
                 output_directory());
    else
        cli_note("all %zu cases passed", runs->count);
    return overall(runs);
}

static enum exit_code carry_out(const char *image, const struct case_plan *plan, struct progress *progress,
                                struct case_runs *runs)
{
    report_progress(progress);
    enum exit_code code = case_runs_carry_out(plan, runs);
    if (code == EXIT_OK) {
        guest_io_allow_signals(); /* no guest is left, and who reads the report may stand still */
        return report(image, runs);
    }
    if (!as_json)
        bail_out(&progress->output, runs->signal);
    return code;
}

static enum exit_code test(const char *image, const struct matrix *matrix, int *signal)
{
    struct case_runs runs;
    struct progress progress = {.runs = &runs, .output = {.fd = -1}};
    const struct case_plan plan = {.image = image,
                                   .directory = output_directory(),
                                   .success_pattern = success_pattern,
                                   .qemu = qemu_program,
                                   .timeout_seconds = timeout_seconds,
                                   .cpus = count_cpus(),
                                   .output = as_json ? NULL : &progress.output,
                                   .context = &progress,
                                   .progress = report_progress};
    enum exit_code code = case_runs_prepare(&plan, matrix, &runs);
    if (code == EXIT_OK)
        code = ask_qemu(matrix);
    if (code == EXIT_OK && !as_json && !guest_sink_open_stdout(&progress.output))
        code = failure_memory();
    if (code == EXIT_OK)
        code = carry_out(image, &plan, &progress, &runs);
    guest_sink_close(&progress.output);
    *signal = runs.signal;
    case_runs_free(&runs);
    return code;
}

static enum exit_code check_arguments(poptContext context, const char **image)
{
    enum exit_code code = operands_take(context, "imgtool test IMAGE|KERNEL", print_matrix ? 0 : 1, 1, image);
    if (code != EXIT_OK || print_matrix)
        return code;
    if (timeout_seconds < 1 || timeout_seconds > TIMEOUT_MAX_SECONDS)
        return failure(EXIT_USAGE, "--timeout takes seconds from 1 to %d, not %d", TIMEOUT_MAX_SECONDS,
                       timeout_seconds);
    if (jobs < 0)
        return failure(EXIT_USAGE, "--jobs takes a positive number");
    if (access(*image, R_OK) != 0)
        return failure(EXIT_IO, "%s: %s", *image, strerror(errno));
    const struct output_file output = {"--junit", junit};
    code = output_files_check(&output, 1, *image);
    if (code == EXIT_OK && junit != NULL)
        code = host_file_check_writable(junit); /* better now than after an hour of boots */
    return code;
}

static int run(poptContext context)
{
    const char *image;
    enum exit_code code = check_arguments(context, &image);
    if (code != EXIT_OK || print_matrix) {
        if (code == EXIT_OK)
            fputs(matrix_default, stdout);
        return code;
    }
    struct matrix matrix = {0};
    sigset_t before;
    int signal = 0;
    guest_io_block_signals(&before);
    code = read_matrix(&matrix);
    if (code == EXIT_OK)
        code = test(image, &matrix, &signal);
    matrix_free(&matrix);
    fflush(stdout);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (signal)
        raise(signal);
    return code;
}

const struct command command_test = {
    .name = "test",
    .arguments = "IMAGE|KERNEL",
    .summary = "boot an image, or a kernel, on many machines, and report",
    .examples = "imgtool test kernel.elf\n"
                "imgtool test kernel.elf --matrix machines.conf --junit results.xml\n"
                "imgtool test disk.img --success-pattern 'all tests passed' --timeout 120\n"
                "imgtool test --print-matrix > machines.conf",
    .options = options,
    .run = run,
};
