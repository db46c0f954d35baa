/* One guest in QEMU, from its start to a verdict. */
#ifndef STAGECOACH_IMGTOOL_GUEST_H
#define STAGECOACH_IMGTOOL_GUEST_H

#include "qemu.h"

#include <signal.h>

struct guest_options {
    struct qemu_options qemu; /* the descriptors in it are filled in by guest_run() */
    bool serial;              /* the machine has COM1: its output goes to stdout, terminal input to it */
    const char *serial_log;   /* file that gets COM1's output too, or NULL */
    const char *screenshot;   /* PNG file, taken when the guest ends, or NULL */
    int timeout_seconds;      /* 0: none */
    bool verbose;             /* print QEMU's command line */
};

/* Holds back the signals that end us (SIGINT ...) until guest_run() asks for them; `before` is for sigprocmask().
 * Called before the first thing that has to be cleaned up. */
void guest_block_signals(sigset_t *before);

/* Starts QEMU, carries COM1 to and fro, waits for the end, says on stderr what it was. Returns an enum exit_code;
 * *signal gets the number of the signal (SIGINT ...) that ended it early, else 0. */
int guest_run(const struct guest_options *options, int *signal);

#endif
