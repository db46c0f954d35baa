/* The handoff test's addresses, and what its files share. */
#ifndef STAGECOACH_TESTS_HANDOFF_TEST_H
#define STAGECOACH_TESTS_HANDOFF_TEST_H

#include "handoff.h"

#include <stdbool.h>
#include <stdint.h>

/* Physical, in the first 64 MiB */
#define TEST_STACK_PHYS 0x1000000ull
#define TEST_STACK_SIZE 0x4000ull
#define TEST_TABLES_PHYS 0x1100000ull
#define TEST_HANDOFF_PHYS 0x13f0000ull /* its pages straddle 2 MiB */
#define TEST_TRANSITION_PHYS 0x1200000ull
#define TEST_PIXELS_PHYS 0x2000000ull
#define TEST_PIXELS_SIZE (640ull * 480 * 4)
#define TEST_APIC_PHYS 0xfee00000ull

/* The kernel's */
#define TEST_KERNEL 0xffffffff80000000ull /* what is added to the addresses of the image */
#define TEST_STACK 0xffff900000000000ull
#define TEST_PIXELS 0xffffa00000000000ull
#define TEST_ELSEWHERE 0xffffc00000000000ull
#define TEST_APIC 0xffffb00000000000ull
#define TEST_HANDOFF 0xffff807ffffff000ull /* its pages straddle 512 GiB */
#define TEST_ARGUMENT 0x123456789abcdef0ull

extern struct handoff test_handoff;

/* Text to port 0xe9. */
void test_print(const char *text);
bool test_wants(const char *word);

/* Ends QEMU by way of isa-debug-exit: exit code 33 or 35. */
_Noreturn void test_exit(bool success);

/* Leaves every register that has to be set right in another state. */
void spoil_machine(const struct paging_features *features);

#endif
