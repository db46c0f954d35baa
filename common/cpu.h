/* The CPU's instructions that C has no words for. The host build has harmless versions (tests/fake_firmware). */
#ifndef STAGECOACH_CPU_H
#define STAGECOACH_CPU_H

#include "paging.h"

#include <stdint.h>

uint64_t cpu_tsc(void);

/* NX, 1 GiB pages, physical address bits: CPUID 0x80000001, 0x80000008. */
struct paging_features cpu_paging_features(void);

/* TSC frequency in Hz from CPUID 0x15 (and 0x16), or a hypervisor's leaf 0x40000010; 0: unknown. */
uint64_t cpu_tsc_hz(void);

#endif
