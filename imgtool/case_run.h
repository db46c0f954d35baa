/* The cases of imgtool test: each is one "imgtool run" in a process of its own, so many at a time as there are CPUs. */
#ifndef STAGECOACH_IMGTOOL_CASE_RUN_H
#define STAGECOACH_IMGTOOL_CASE_RUN_H

#include "command.h"
#include "guest_sink.h"
#include "matrix.h"

#include <stdint.h>

struct case_run {
    const struct matrix_case *machine;
    struct arguments command; /* begins with "imgtool run" */
    bool ended;
    enum exit_code code; /* when it has ended: run's */
    int64_t run_ms;
    char *reason;                                   /* a sentence */
    char *boot_error;                               /* the BOOT-ERR line, or NULL */
    char *serial_log, *e9_log, *messages, *picture; /* files; NULL once they are removed, or if they are empty */
    pid_t pid;                                      /* while it runs */
    int64_t start_ms;
    char *report;
};

struct case_plan {
    const char *image;                  /* or a kernel */
    const char *directory;              /* of the files; made if it is not there */
    const char *success_pattern, *qemu; /* as for run, or NULL */
    int timeout_seconds;                /* of cases that have none of their own */
    unsigned cpus;                      /* to use at the same time */
    struct guest_sink *output; /* what is reported, or NULL; whoever reads there may stand still: the cases go on */
    void *context;
    void (*progress)(void *context); /* called when a case has ended; puts into `output` */
};

struct case_runs {
    struct case_run *list;
    size_t count;
    int signal; /* that ended it; 0: none */
};

/* Makes the command of each case and lets run check its options, before anything is booted. */
enum exit_code case_runs_prepare(const struct case_plan *plan, const struct matrix *matrix, struct case_runs *runs);

/* Runs them. EXIT_OK: all have ended, whatever their result. Something else: it made no sense to go on (the message is
 * out), or runs->signal is set. No process is left behind in any case. Call guest_io_block_signals() before. */
enum exit_code case_runs_carry_out(const struct case_plan *plan, struct case_runs *runs);

void case_runs_free(struct case_runs *runs);

#endif
