/* All that passes between us and a running QEMU: its control channel, the guest's COM1 and port E9, the exit port, our
 * terminal, signals. */
#ifndef STAGECOACH_IMGTOOL_GUEST_IO_H
#define STAGECOACH_IMGTOOL_GUEST_IO_H

#include "command.h"
#include "guest_sink.h"
#include "pattern.h"
#include "qmp.h"
#include "stop_watch.h"
#include "terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct guest_stream { /* text that the guest writes */
    int fd;           /* -1: none */
    struct guest_sink log;
    const char *log_path;
    bool log_failed; /* the user knows */
    bool shown;      /* on stdout */
    struct stop_watch watch;
    struct pattern_search search;
};

struct guest_io {
    struct qmp qmp;
    struct guest_stream serial, e9;
    struct guest_sink output; /* stdout */
    int exit_fd, signal_fd, input_fd;
    struct terminal terminal;
    int signal;           /* that asked us to end; 0: none */
    int output_error;     /* errno of a failed write to stdout; 0: none */
    bool ending;          /* the run is over: the guest's last output is taken even if nobody reads ours */
    bool ended;           /* QEMU is gone */
    bool answered;        /* the guest wrote to the exit port ... */
    unsigned char answer; /* ... this */
    const struct pattern *pattern;
};

struct guest_io_options {
    bool serial;                     /* the machine has COM1: shown, and fed from the terminal; else port E9 is shown */
    const char *serial_log, *e9_log; /* files that get the text too, or NULL */
    const struct pattern *pattern;   /* looked for in both, or NULL */
};

struct guest_io_peers {        /* QEMU's ends of the channels; the caller closes them with guest_io_close_peers() */
    int qmp, exit, e9, serial; /* serial: -1 if there is no COM1 */
};

/* Holds back the signals that end us (SIGINT ...) until somebody asks a guest_io for them; `before` is for
 * sigprocmask(). Called before the first thing that has to be cleaned up. */
void guest_io_block_signals(sigset_t *before);

/* Lets those that end the program do so again, at once: nothing is left that has to be put away. */
void guest_io_allow_signals(void);

/* guest_io_close() is due in any case. */
enum exit_code guest_io_open(struct guest_io *io, const struct guest_io_options *options, struct guest_io_peers *peers);
void guest_io_close_peers(struct guest_io_peers *peers);
void guest_io_close(struct guest_io *io);

/* Waits for the next thing to happen, or for the deadline (0: there is none), and takes in what did. False: the
 * deadline is over, however much goes on happening. */
bool guest_io_wait(struct guest_io *io, int64_t deadline_ms);

/* Some of the guest's output still waits for whoever reads stdout or a log. */
bool guest_io_is_pending(const struct guest_io *io);

/* The log that does not have all the output, or "stdout"; NULL: it all went where it should. To be asked at the end. */
const char *guest_io_incomplete(const struct guest_io *io);

/* The first BOOT-ERR line; NULL: there was none. */
const char *guest_io_error(const struct guest_io *io);

/* The pattern was among the guest's output. */
bool guest_io_found(const struct guest_io *io);

/* The clock of deadlines. */
int64_t guest_io_now_ms(void);

#endif
