/* The overlay of stage 4 (overlay.def): code and constants that most boots do without. They have their addresses from
 * the link on, but are not there before the first use, which faults. */
#ifndef STAGECOACH_BIOS_OVERLAY_H
#define STAGECOACH_BIOS_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

/* To be called for a page fault at `address`. True if that was in the overlay, and it is there now: the instruction
 * shall be tried again. Does not return if the boot medium fails, or holds something else. */
bool overlay_page_fault(uint64_t address);

#endif
