/* The PC's interval timer (8254), whose counter 0 counts down at 1.193182 MHz, by a clock that is not the CPU's. */
#ifndef STAGECOACH_TIMER_H
#define STAGECOACH_TIMER_H

#include <stdint.h>

/* The counter now; on a machine without the timer always the same number. */
uint16_t timer_count(void);

#endif
