/* QEMU's control channel (QMP: one JSON object a line in each direction), as a parser that is fed with bytes and never
 * blocks. QEMU 7.2, docs/interop/qmp-spec.txt. */
#ifndef STAGECOACH_IMGTOOL_QMP_H
#define STAGECOACH_IMGTOOL_QMP_H

#include <stdbool.h>
#include <stddef.h>

#define QMP_LINE_MAX 65536

struct qmp {
    int fd; /* a connected socket; the caller closes it */
    char *line;
    size_t line_size;
    bool greeted;             /* QEMU is up ... */
    bool ready;               /* ... and takes commands */
    bool shutdown;            /* the guest stopped by itself */
    char shutdown_reason[32]; /* "guest-reset", "guest-shutdown", "guest-panic", "host-ui" ... */
    bool window_closed;       /* by the user */
    int sent, answered;       /* number of the last command sent, of the last answered */
    bool failed;              /* the last answer was an error */
    char text[2048];          /* of the last answer: its text, or the error's */
};

bool qmp_open(struct qmp *qmp, int fd);
void qmp_close(struct qmp *qmp);

/* Takes what came from QEMU. False: it is not QMP. */
bool qmp_feed(struct qmp *qmp, const char *bytes, size_t size);

/* Lets QEMU take commands, as soon as it is up. Harmless to repeat. */
void qmp_start(struct qmp *qmp);

/* Sends a command; it is answered when qmp->answered == qmp->sent. */
bool qmp_send(struct qmp *qmp, const char *command);
bool qmp_send_monitor(struct qmp *qmp, const char *line); /* a line of the human monitor; answers with text */
bool qmp_send_screendump(struct qmp *qmp, const char *png_path);

#endif
