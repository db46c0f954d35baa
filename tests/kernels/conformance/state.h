/* The machine as entry.S found it. */
#ifndef CONFORMANCE_STATE_H
#define CONFORMANCE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct descriptor_table { /* as SGDT and SIDT store it */
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct fxsave_area { /* Intel SDM 1, 10.5.1, 64-bit form */
    uint16_t fcw, fsw;
    uint8_t ftw, reserved_5;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t reserved_416[96];
};

struct entry_state { /* offsets are entry.S's */
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t reserved_88;
    struct descriptor_table gdtr __attribute__((aligned(16)));
    struct descriptor_table idtr __attribute__((aligned(16)));
    uint16_t cs __attribute__((aligned(16)));
    uint16_t ds, es, ss, fs, gs, tr, ldtr;
    uint64_t cr0, cr2, cr3, cr4, cr8, dr7, dr6;
    uint8_t reserved_f8[72];
    struct fxsave_area fx;
};
_Static_assert(offsetof(struct entry_state, gdtr) == 0x90, "entry.S stores the GDTR here");
_Static_assert(offsetof(struct entry_state, idtr) == 0xa0, "entry.S stores the IDTR here");
_Static_assert(offsetof(struct entry_state, cs) == 0xb0, "entry.S stores the selectors here");
_Static_assert(offsetof(struct entry_state, cr0) == 0xc0, "entry.S stores the control registers here");
_Static_assert(offsetof(struct entry_state, fx) == 0x140, "entry.S stores the FXSAVE area here");
_Static_assert(sizeof(struct entry_state) == 832, "entry.S reserves this much");

extern const struct entry_state entry_state __attribute__((visibility("hidden")));

static inline uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result read_cpuid(uint32_t leaf)
{
    struct cpuid_result result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(0));
    return result;
}

static inline bool cpu_has_no_execute(void)
{
    return (read_cpuid(0x80000001).edx & 1u << 20) != 0;
}

#endif
