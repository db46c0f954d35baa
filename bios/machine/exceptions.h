/* CPU exceptions in stage 4: our own bugs, told readably. */
#ifndef STAGECOACH_BIOS_EXCEPTIONS_H
#define STAGECOACH_BIOS_EXCEPTIONS_H

#include <stdint.h>

/* Loads IDT and TSS; gdt: the loader's descriptor table, with room at SELECTOR_TSS (x86.inc). */
void exceptions_start(uint64_t gdt);

#endif
