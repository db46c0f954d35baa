/* When each phase of the boot ended: time-stamp counter, bytes read, firmware calls. Handed to the kernel. */
#ifndef STAGECOACH_TIMELINE_H
#define STAGECOACH_TIMELINE_H

#include <stagecoach/boot.h>

#include <stddef.h>
#include <stdint.h>

#define TIMELINE_CAPACITY 16u

/* Begins a new timeline with BOOT_PHASE_ENTRY, measured before the shared code ran. */
void timeline_start(uint64_t entry_tsc);

/* Records that `phase` ends now. Further marks than TIMELINE_CAPACITY are dropped. */
void timeline_mark(enum boot_phase phase);

/* Copies at most `capacity` events in the order of their marks; returns their number. */
size_t timeline_copy(struct boot_event *copy, size_t capacity);

/* Tells the host, where `imgtool run --timeline` listens, in one line: "TIMELINE 1 FIRMWARE TSC-HZ", then for each event
 * " PHASE TSC FIRMWARE-CALLS BYTES-READ". Decimal numbers; FIRMWARE as in boot_info; a TSC-HZ of 0 is not known. */
void timeline_report(void);

#endif
