#include "terminal.h"

#include <unistd.h>

bool terminal_take(struct terminal *terminal)
{
    terminal->taken = false;
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, &terminal->before) != 0)
        return false;
    struct termios keys = terminal->before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_iflag &= ~(tcflag_t)ICRNL;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;
    terminal->taken = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    return terminal->taken;
}

void terminal_give_back(struct terminal *terminal)
{
    if (terminal->taken)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
    terminal->taken = false;
}
