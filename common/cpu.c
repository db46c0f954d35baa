#include "cpu.h"

#include "cpuid.h"

static struct cpuid_leaf cpuid(uint32_t leaf)
{
    struct cpuid_leaf result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(0));
    return result;
}

uint64_t cpu_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

struct paging_features cpu_paging_features(void)
{
    return cpuid_paging_features(cpuid);
}

uint64_t cpu_tsc_hz(void)
{
    return cpuid_tsc_hz(cpuid);
}

bool cpu_has_random(enum cpu_random source)
{
    return source == CPU_RDSEED ? cpuid_has_rdseed(cpuid) : cpuid_has_rdrand(cpuid);
}

bool cpu_random(enum cpu_random source, uint64_t *word)
{
    bool ready;
    if (source == CPU_RDSEED)
        __asm__ volatile("rdseed %0" : "=r"(*word), "=@ccc"(ready));
    else
        __asm__ volatile("rdrand %0" : "=r"(*word), "=@ccc"(ready));
    return ready;
}
