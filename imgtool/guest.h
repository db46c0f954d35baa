/* One guest in QEMU, from its start to a verdict. */
#ifndef STAGECOACH_IMGTOOL_GUEST_H
#define STAGECOACH_IMGTOOL_GUEST_H

#include "guest_io.h"
#include "qemu.h"

struct guest_options {
    struct qemu_options qemu; /* the descriptors in it are filled in by guest_run() */
    struct guest_io_options io;
    const char *screenshot; /* PNG file, taken when the guest ends, or NULL */
    int timeout_seconds;    /* 0: none */
    bool verbose;           /* print QEMU's command line */
};

/* Starts QEMU, carries COM1 to and fro, waits for the end, says on stderr what it was. Returns an enum exit_code;
 * *signal gets the number of the signal (SIGINT ...) that ended it early, else 0. Call guest_io_block_signals() before.
 */
int guest_run(const struct guest_options *options, int *signal);

#endif
