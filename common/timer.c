#include "timer.h"

#include "ports.h"

#define TIMER_COUNTER 0x40u
#define TIMER_COMMAND 0x43u
#define LATCH_COUNTER_0 0x00u

/* Latching does not disturb the count. Both bytes are read, or the next reader would get the halves in the wrong order;
 * firmware set the counter up to be read like that (IBM PC/AT: mode 3, low byte first). */
uint16_t timer_count(void)
{
    port_out8(TIMER_COMMAND, LATCH_COUNTER_0);
    uint8_t low = port_in8(TIMER_COUNTER);
    return (uint16_t)(port_in8(TIMER_COUNTER) << 8 | low);
}
