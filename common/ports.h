/* The CPU's I/O ports. In the loaders they are the machine's (ports.c); unit tests put models of devices behind them.
 */
#ifndef STAGECOACH_PORTS_H
#define STAGECOACH_PORTS_H

#include <stdint.h>

uint8_t port_in8(uint16_t port);
void port_out8(uint16_t port, uint8_t value);

#endif
