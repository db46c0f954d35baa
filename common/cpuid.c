#include "cpuid.h"

#define LEAF_FEATURES 0x1u
#define LEAF_MORE_FEATURES 0x7u
#define LEAF_TSC 0x15u
#define LEAF_FREQUENCY 0x16u
#define LEAF_HYPERVISOR 0x40000000u
#define LEAF_HYPERVISOR_TIMING 0x40000010u
#define LEAF_EXTENDED 0x80000000u
#define LEAF_EXTENDED_FEATURES 0x80000001u
#define LEAF_ADDRESS_SIZES 0x80000008u

#define FEATURES_ECX_HYPERVISOR (1u << 31)
#define FEATURES_ECX_RDRAND (1u << 30)
#define MORE_EBX_RDSEED (1u << 18)
#define EXTENDED_EDX_NX (1u << 20)
#define EXTENDED_EDX_1G (1u << 26)

#define PHYS_BITS_DEFAULT 36u /* of a CPU that does not tell: Intel SDM 3A, 4.1.4 */
#define PHYS_BITS_MAX 52u

/* The leaf's registers, or all zero if its range of leaves, which begins at `first`, does not reach that far. */
static struct cpuid_leaf leaf_in_range(cpuid_query *query, uint32_t first, uint32_t leaf)
{
    uint32_t highest = query(first).eax;
    if (highest < leaf || highest - first > 0xffff)
        return (struct cpuid_leaf){0};
    return query(leaf);
}

struct paging_features cpuid_paging_features(cpuid_query *query)
{
    uint32_t flags = leaf_in_range(query, LEAF_EXTENDED, LEAF_EXTENDED_FEATURES).edx;
    uint32_t phys_bits = leaf_in_range(query, LEAF_EXTENDED, LEAF_ADDRESS_SIZES).eax & 0xff;
    if (phys_bits == 0)
        phys_bits = PHYS_BITS_DEFAULT;
    return (struct paging_features){
        .no_execute = (flags & EXTENDED_EDX_NX) != 0,
        .gigabyte_pages = (flags & EXTENDED_EDX_1G) != 0,
        .phys_bits = phys_bits < PHYS_BITS_MAX ? phys_bits : PHYS_BITS_MAX,
    };
}

/* EAX in kHz, as VMware defined it and others took over. */
static uint64_t hypervisor_tsc_hz(cpuid_query *query)
{
    if ((leaf_in_range(query, 0, LEAF_FEATURES).ecx & FEATURES_ECX_HYPERVISOR) == 0)
        return 0;
    return leaf_in_range(query, LEAF_HYPERVISOR, LEAF_HYPERVISOR_TIMING).eax * 1000ull;
}

/* Crystal times ratio. Where the crystal is not told, the TSC runs at the base frequency (Intel SDM 3B, 18.7.3). */
static uint64_t intel_tsc_hz(cpuid_query *query)
{
    struct cpuid_leaf tsc = leaf_in_range(query, 0, LEAF_TSC);
    if (tsc.eax == 0 || tsc.ebx == 0)
        return 0;
    if (tsc.ecx != 0)
        return (uint64_t)tsc.ecx * tsc.ebx / tsc.eax;
    return (leaf_in_range(query, 0, LEAF_FREQUENCY).eax & 0xffff) * 1000000ull;
}

uint64_t cpuid_tsc_hz(cpuid_query *query)
{
    uint64_t hz = hypervisor_tsc_hz(query); /* first: the CPU's own leaves don't know of TSC scaling */
    return hz != 0 ? hz : intel_tsc_hz(query);
}

bool cpuid_has_rdrand(cpuid_query *query)
{
    return (leaf_in_range(query, 0, LEAF_FEATURES).ecx & FEATURES_ECX_RDRAND) != 0;
}

bool cpuid_has_rdseed(cpuid_query *query)
{
    return (leaf_in_range(query, 0, LEAF_MORE_FEATURES).ebx & MORE_EBX_RDSEED) != 0;
}
