/* The CPU's instructions that C has no words for. The host build has harmless versions (tests/fake_firmware). */
#ifndef STAGECOACH_CPU_H
#define STAGECOACH_CPU_H

#include "paging.h"

#include <stdbool.h>
#include <stdint.h>

uint64_t cpu_tsc(void);

/* NX, 1 GiB pages, physical address bits: CPUID 0x80000001, 0x80000008. */
struct paging_features cpu_paging_features(void);

enum cpu_random { CPU_RDSEED, CPU_RDRAND };

/* Whether the CPU has the instruction; it may be used only then. */
bool cpu_has_random(enum cpu_random source);

/* One try; false where the generator has nothing at the moment. */
bool cpu_random(enum cpu_random source, uint64_t *word);

/* TSC frequency in Hz from CPUID 0x15 (and 0x16), or a hypervisor's leaf 0x40000010; 0: unknown. */
uint64_t cpu_tsc_hz(void);

#endif
