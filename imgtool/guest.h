/* One guest in QEMU, from its start to a verdict. */
#ifndef STAGECOACH_IMGTOOL_GUEST_H
#define STAGECOACH_IMGTOOL_GUEST_H

#include "command.h"
#include "guest_io.h"
#include "qemu.h"

struct guest_options {
    struct qemu_options qemu; /* the descriptors in it are filled in by guest_run() */
    struct guest_io_options io;
    const char *screenshot;      /* PNG file, taken when the guest ends, or NULL */
    const char *screenshot_name; /* as the user has named it, for messages */
    int timeout_seconds;         /* 0: none */
    bool verbose;                /* print QEMU's command line */
};

struct guest_result {
    enum exit_code code;
    int signal;           /* that ended it early (SIGINT ...); 0: none */
    int64_t run_ms;       /* from QEMU's start to its end */
    char reason[768];     /* a sentence, as the user has read it; empty: ended by a signal */
    char boot_error[512]; /* the BOOT-ERR line; empty: none */
};

/* Starts QEMU, carries COM1 to and fro, waits for the end, says on stderr what it was. Returns
 * result->code. Call guest_io_block_signals() before. */
enum exit_code guest_run(const struct guest_options *options, struct guest_result *result);

/* "success", "failure", "reset", "timeout"; "error": it could not be found out. */
const char *guest_verdict_word(enum exit_code code);

/* Writes the verdict as JSON. False: host_write_problem() says why it could not be written. */
bool guest_report_save(const char *path, const char *image, const struct guest_result *result);

#endif
