/* The user's terminal as the guest's: keys arrive as they are typed. */
#ifndef STAGECOACH_IMGTOOL_TERMINAL_H
#define STAGECOACH_IMGTOOL_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
    bool taken;
    struct termios before;
};

/* Takes over stdin if it is a terminal and we are in its foreground: no echo, no line editing; Ctrl-C still is a
 * signal. Returns whether it did. */
bool terminal_take(struct terminal *terminal);
void terminal_give_back(struct terminal *terminal);

#endif
