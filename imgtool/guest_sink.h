/* Where a guest's output goes: stdout, or a log. Whoever reads there may be slow, or stand still, and we have deadlines
 * and signals to keep: a sink takes what comes into a buffer, and writes only what can be written at once. */
#ifndef STAGECOACH_IMGTOOL_GUEST_SINK_H
#define STAGECOACH_IMGTOOL_GUEST_SINK_H

#include <stdbool.h>
#include <stddef.h>

#define GUEST_SINK_FULL (64u << 10) /* so much of it waiting: better read no more from the guest */
#define GUEST_SINK_ROOM (1u << 20)  /* more than QEMU can have on its way when its end is near */

struct guest_sink {
    int fd; /* -1: none, or it failed */
    bool is_ours, is_socket;
    char *bytes;
    size_t size; /* of what waits */
    int error;   /* errno of the write that failed; 0: none */
    bool lost;   /* something did not fit */
};

/* Opens a log. An absent or empty sink has fd -1. False: errno says why. */
bool guest_sink_open(struct guest_sink *sink, const char *path);

/* Takes stdout, which stays as it is for those who share it. */
bool guest_sink_open_stdout(struct guest_sink *sink);

void guest_sink_close(struct guest_sink *sink);

/* Takes output of the guest and writes what it can. */
void guest_sink_put(struct guest_sink *sink, const char *bytes, size_t size);

/* The events of poll() to wait for ... */
short guest_sink_events(const struct guest_sink *sink);

/* ... and what to do when it reports one. */
void guest_sink_ready(struct guest_sink *sink);

#endif
