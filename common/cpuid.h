/* What CPUID says, worked out by pure functions: cpu.c gives them the instruction, tests give them tables. */
#ifndef STAGECOACH_CPUID_H
#define STAGECOACH_CPUID_H

#include "paging.h"

#include <stdint.h>

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

/* CPUID with EAX = leaf and ECX = 0. */
typedef struct cpuid_leaf cpuid_query(uint32_t leaf);

/* See cpu_paging_features() and cpu_tsc_hz(). A leaf is asked for only where the CPU says that it has it: others answer
 * with the data of an unrelated leaf (Intel SDM 2A, CPUID). */
struct paging_features cpuid_paging_features(cpuid_query *query);
uint64_t cpuid_tsc_hz(cpuid_query *query);

/* See cpu_has_random(). */
bool cpuid_has_rdrand(cpuid_query *query);
bool cpuid_has_rdseed(cpuid_query *query);

#endif
