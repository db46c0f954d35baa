/* The state of the machine that code of Debian's static libraries needs: it is compiled for programs of an operating
 * system, with the stack protector, which reads a canary at FS:0x28, with SSE, and with a red zone below the stack
 * pointer that an interrupt would overwrite. On the host (library_host.c) all that is there. */
#ifndef STAGECOACH_LIBRARY_H
#define STAGECOACH_LIBRARY_H

/* Around every call of a library function; no firmware call in between, and not nested. Afterwards everything is as
 * before: RFLAGS.IF, CR0, CR4, the base of FS, x87 and SSE registers. */
void library_enter(void);
void library_leave(void);

#endif
