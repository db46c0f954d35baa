#include "state.h"
#include "test.h"

#include "checked.h"
#include "cpu.h"
#include "format.h"
#include "paging.h"
#include "ports.h"

void kernel_main(const struct state *state);

static bool failed;

_Noreturn void test_exit(bool success)
{
    __asm__ volatile("outl %0, %1" : : "a"(success ? 0x10u : 0x11u), "Nd"((uint16_t)0xf4));
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

static uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static uint64_t read_cr8(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static void expect(const char *name, uint64_t found, uint64_t expected)
{
    char line[96];
    if (found == expected)
        return;
    failed = true;
    format(line, sizeof line, "%s is %#llx, not %#llx\n", name, (unsigned long long)found,
           (unsigned long long)expected);
    test_print(line);
}

#define ZERO(register) expect(#register, state->register, 0)

static void check_general(const struct state *state)
{
    ZERO(rax), ZERO(rbx), ZERO(rcx), ZERO(rdx), ZERO(rsi), ZERO(rbp);
    ZERO(r8), ZERO(r9), ZERO(r10), ZERO(r11), ZERO(r12), ZERO(r13), ZERO(r14), ZERO(r15);
    expect("rdi", state->rdi, TEST_ARGUMENT);
    expect("rsp", state->rsp, TEST_STACK + TEST_STACK_SIZE - 8);
    expect("the word at rsp", state->at_rsp, 0);
    expect("rflags", state->rflags, 2);
}

static void check_control(const struct state *state)
{
    expect("cr0", state->cr0, 0x80010033);
    expect("cr3", state->cr3, TEST_TABLES_PHYS);
    expect("cr4", state->cr4, 0x620);
    expect("cr8", read_cr8(), 0);
    ZERO(dr0), ZERO(dr1), ZERO(dr2), ZERO(dr3);
    expect("dr6", state->dr6, 0xffff0ff0);
    expect("dr7", state->dr7, 0x400);
    expect("efer", read_msr(0xc0000080), cpu_paging_features().no_execute ? 0xd00 : 0x500);
    expect("pat", read_msr(0x277), PAGING_PAT_VALUE);
    expect("fs base", read_msr(0xc0000100), 0);
    expect("gs base", read_msr(0xc0000101), 0);
    expect("kernel gs base", read_msr(0xc0000102), 0);
}

static void check_tables(const struct state *state)
{
    uint64_t data = test_handoff.address + handoff_code_size(), size = handoff_data_size();
    expect("cs", state->cs & 0xffff, 8);
    expect("ds", state->ds & 0xffff, 16);
    expect("es", state->es & 0xffff, 16);
    expect("ss", state->ss & 0xffff, 16);
    expect("fs", state->fs & 0xffff, 0);
    expect("gs", state->gs & 0xffff, 0);
    expect("tr", state->tr & 0xffff, 24);
    expect("ldtr", state->ldtr & 0xffff, 0);
    expect("gdt limit", state->gdt_limit, 39);
    expect("idt limit", state->idt_limit, 4095);
    expect("gdt in the handoff's data", state->gdt - data < size, true);
    expect("idt in the handoff's data", state->idt - data < size, true);
}

static void check_vectors(const struct state *state)
{
    const uint64_t *lanes[] = {state->xmm0, state->xmm7, state->xmm15};
    expect("mxcsr", state->mxcsr & UINT32_MAX, 0x1f80);
    expect("x87 control", state->x87_control, 0x37f);
    expect("x87 status", state->x87_status, 0);
    for (unsigned i = 0; i < 3; i++)
        expect("xmm", lanes[i][0] | lanes[i][1], 0);
}

static void check_interrupts(void)
{
    const volatile uint32_t *apic = (const volatile uint32_t *)TEST_APIC;
    expect("pic masks", port_in8(0x21) | (uint64_t)port_in8(0xa1) << 8, 0xffff);
    expect("apic timer", apic[0x320 / 4] & 1u << 16, 1u << 16);
    expect("apic timer count", apic[0x390 / 4], 0);
}

/* An interrupt stack that can't be pushed to turns any exception into a double fault. */
static void break_common_stack(const struct state *state)
{
    const uint32_t *descriptor = (const uint32_t *)(state->gdt + 24);
    uint64_t tss = (descriptor[0] >> 16) | (descriptor[1] & 0xff) << 16 | (descriptor[1] & 0xff000000) |
                   (uint64_t)descriptor[2] << 32;
    *(volatile uint32_t *)(tss + 0x24) = 0;
    *(volatile uint32_t *)(tss + 0x28) = 0x00010000;
}

static void cause_fault(const struct state *state)
{
    if (test_wants("fault=write"))
        *(volatile uint32_t *)0x1000 = 1;
    if (test_wants("fault=text"))
        *(volatile uint32_t *)((uintptr_t)kernel_main) = 1;
    if (test_wants("fault=execute"))
        __asm__ volatile("jmp *%0" : : "r"(TEST_STACK));
    if (test_wants("fault=opcode") || test_wants("fault=screen"))
        __asm__ volatile("ud2");
    if (test_wants("fault=stack"))
        __asm__ volatile("mov $0x2000, %esp\n\tpush $0");
    if (test_wants("fault=general"))
        *(volatile uint32_t *)0x0123000000000000 = 1;
    if (test_wants("fault=selector"))
        __asm__ volatile("mov %0, %%ds" : : "r"(0x1230));
    if (test_wants("fault=divide"))
        __asm__ volatile("div %0" : : "r"(0), "a"(0), "d"(0));
    if (test_wants("fault=interrupt"))
        __asm__ volatile("std\n\tint $0xff");
    if (test_wants("fault=double")) {
        break_common_stack(state);
        __asm__ volatile("ud2");
    }
}

void kernel_main(const struct state *state)
{
    if (test_wants("fault=")) {
        cause_fault(state);
        test_exit(false);
    }
    check_general(state);
    check_control(state);
    check_tables(state);
    check_vectors(state);
    check_interrupts();
    test_print(failed ? "FAIL\n" : "PASS\n");
    test_exit(!failed);
}
