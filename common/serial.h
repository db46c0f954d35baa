/* COM1 (16550, port 0x3f8, 115200 8N1) and the debug console at port 0xe9 that QEMU and Bochs have. */
#ifndef STAGECOACH_SERIAL_H
#define STAGECOACH_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

/* Finds out whether COM1 is there (scratch register, line status not 0xff) and sets it up. Only the first call does so;
 * the log makes it when a sink needs the port. */
bool serial_start(void);

/* Writes text, "\n" as CR LF; gives up for good when the transmitter stays busy. Nothing before serial_start() or where
 * there is none. */
void serial_write(const char *text, size_t size);

/* Writes to port 0xe9 if something answers there. */
void debugcon_write(const char *text, size_t size);

/* Whether `imgtool run --timeline` listens: on port 0xeb, which is looked at only where 0xe9 answers. */
bool timeline_port_listens(void);

/* Writes to that port. Only where somebody listens. */
void timeline_port_write(const char *text, size_t size);

#endif
