/* What kernel.asm writes down at the kernel's first instruction, by offset. */
#ifndef STAGECOACH_TESTS_HANDOFF_STATE_H
#define STAGECOACH_TESTS_HANDOFF_STATE_H

#include <stddef.h>
#include <stdint.h>

struct state {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t at_rsp, rflags, cr0, cr3, cr4, dr0, dr1, dr2, dr3, dr6, dr7;
    uint64_t cs, ds, es, ss, fs, gs, tr, ldtr;
    uint16_t gdt_padding[3], gdt_limit;
    uint64_t gdt;
    uint16_t idt_padding[3], idt_limit;
    uint64_t idt;
    uint64_t mxcsr;
    uint16_t x87_control, x87_status;
    uint32_t padding[3];
    uint64_t xmm0[2], xmm7[2], xmm15[2];
};
_Static_assert(offsetof(struct state, cs) == 216 && offsetof(struct state, gdt) == 288 &&
                   offsetof(struct state, mxcsr) == 312 && offsetof(struct state, xmm0) == 336 &&
                   sizeof(struct state) == 384,
               "kernel.asm");

#endif
