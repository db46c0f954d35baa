/* CPU exceptions in the loader: our own bugs, told readably, unless a page fault is part of the plan. */
#ifndef STAGECOACH_BIOS_EXCEPTIONS_H
#define STAGECOACH_BIOS_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Called with the address of a page fault, on a stack of 8 KiB; true: the instruction shall be tried again. */
typedef bool exceptions_page_fault(uint64_t address);

/* Loads IDT and TSS; gdt: the loader's descriptor table, with room at SELECTOR_TSS (x86.inc). page_fault: NULL if each
 * is a bug. */
void exceptions_start(uint64_t gdt, exceptions_page_fault *page_fault);

#endif
