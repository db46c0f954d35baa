#include "test.h"

#include "ports.h"

#define CR4_TIME_STAMP_DISABLE (1ull << 2)
#define CR4_MCE (1ull << 6)
#define CR4_PGE (1ull << 7)
#define CR4_PCE (1ull << 8)
#define CR4_UMIP (1ull << 11)
#define CR4_FSGSBASE (1ull << 16)
#define CR4_PCIDE (1ull << 17)
#define CR4_OSXSAVE (1ull << 18)
#define CR4_SMEP (1ull << 20)

static void write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void cpuid(uint32_t leaf, uint32_t *b, uint32_t *c)
{
    uint32_t a = leaf, d;
    *c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(*c), "=d"(d));
}

/* Everything that this CPU has. */
static void spoil_cr4(void)
{
    uint64_t cr4, more = CR4_TIME_STAMP_DISABLE | CR4_MCE | CR4_PGE | CR4_PCE;
    uint32_t b1, c1, b7, c7;
    cpuid(1, &b1, &c1);
    cpuid(7, &b7, &c7);
    more |= (c1 & 1u << 17) ? CR4_PCIDE : 0;
    more |= (c1 & 1u << 26) ? CR4_OSXSAVE : 0;
    more |= (b7 & 1u << 0) ? CR4_FSGSBASE : 0;
    more |= (b7 & 1u << 7) ? CR4_SMEP : 0;
    more |= (c7 & 1u << 2) ? CR4_UMIP : 0;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | more));
}

void spoil_machine(const struct paging_features *features)
{
    uint32_t mxcsr = 0x7fa0;
    uint64_t pattern = 0x1122334455667788;
    (void)features;
    spoil_cr4();
    __asm__ volatile("mov %0, %%cr8" : : "r"(5ull));
    write_msr(0x277, 0x0007040600070406ull); /* as after reset */
    write_msr(0xc0000100, 0x1111000);
    write_msr(0xc0000101, 0x2222000);
    write_msr(0xc0000102, 0x3333000);
    __asm__ volatile("mov %0, %%dr0\n\tmov %0, %%dr1\n\tmov %0, %%dr2\n\tmov %0, %%dr3" : : "r"(0x7777000ull));
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x4ffull));
    __asm__ volatile("fld1");
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    __asm__ volatile("movq %0, %%xmm0\n\tmovq %0, %%xmm7\n\tmovq %0, %%xmm15" : : "r"(pattern));

    port_out8(0x21, 0);
    port_out8(0xa1, 0);
    volatile uint32_t *apic = (volatile uint32_t *)TEST_APIC_PHYS;
    apic[0xf0 / 4] = 0x1ff;            /* enabled by software */
    apic[0x3e0 / 4] = 0xb;             /* divide by 1 */
    apic[0x320 / 4] = 1u << 17 | 0x30; /* periodic */
    apic[0x380 / 4] = 100000;
}
