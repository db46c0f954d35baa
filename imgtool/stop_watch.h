/* Notices that a guest has given up: a BOOT-ERR line came (docs/errors.md), and after it the CPU stands still with
 * interrupts off. Without it a refused boot would look like one that takes long. */
#ifndef STAGECOACH_IMGTOOL_STOP_WATCH_H
#define STAGECOACH_IMGTOOL_STOP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stop_watch {
    char line[512]; /* the one that is coming in, its end cut off if it is longer */
    size_t line_size;
    char error[512]; /* the first "BOOT-ERR ..." line; empty: none yet */
    uint64_t address;
    unsigned equal_samples;
};

/* Takes output of the guest. Each source (COM1, port E9) has a watch of its own. */
void stop_watch_output(struct stop_watch *watch, const char *bytes, size_t size);

/* Takes what QEMU's "info registers" prints, once in a while. True: the guest has stopped for good. */
bool stop_watch_registers(struct stop_watch *watch, const char *text);

#endif
