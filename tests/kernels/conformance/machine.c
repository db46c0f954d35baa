/* Every register at the first instruction, and the interrupt hardware. */
#include "check.h"
#include "state.h"

#include <stagecoach/debug.h>
#include <stagecoach/memory.h>

static void check_general_registers(const struct boot_info *info)
{
    const struct entry_state *s = &entry_state;
    check_equal("rax", s->rax, 0);
    check_equal("rbx", s->rbx, 0);
    check_equal("rcx", s->rcx, 0);
    check_equal("rdx", s->rdx, 0);
    check_equal("rsi", s->rsi, 0);
    check_equal("rdi", s->rdi, (uintptr_t)info);
    check_equal("rbp", s->rbp, 0);
    check_equal("r8", s->r8, 0);
    check_equal("r9", s->r9, 0);
    check_equal("r10", s->r10, 0);
    check_equal("r11", s->r11, 0);
    check_equal("r12", s->r12, 0);
    check_equal("r13", s->r13, 0);
    check_equal("r14", s->r14, 0);
    check_equal("r15", s->r15, 0);
    check_equal("rflags", s->rflags, 2);
    check_equal("rsp", s->rsp, info->stack_address + info->stack_size - 8);
    check_equal("rsp is 8 short of a multiple of 16", s->rsp % 16, 8);
    check_equal("return address", *(const uint64_t *)(uintptr_t)s->rsp, 0);
}

static void check_system_registers(const struct boot_info *info)
{
    const struct entry_state *s = &entry_state;
    check_equal("cr0", s->cr0, 0x80010033);
    check_equal("cr3", s->cr3, info->page_table_phys);
    check_equal("cr4", s->cr4, 0x620);
    check_equal("cr8", s->cr8, 0);
    check_equal("dr7", s->dr7, 0x400);
    check_equal("dr6", s->dr6, 0xffff0ff0);
    check_equal("EFER", read_msr(0xc0000080), cpu_has_no_execute() ? 0xd00 : 0x500);
    check_equal("PAT", read_msr(0x277), 0x0007010500070406);
    check_equal("FS base", read_msr(0xc0000100), 0);
    check_equal("GS base", read_msr(0xc0000101), 0);
    check_equal("kernel GS base", read_msr(0xc0000102), 0);
}

static void check_segment_registers(void)
{
    const struct entry_state *s = &entry_state;
    check_equal("cs", s->cs, 0x08);
    check_equal("ds", s->ds, 0x10);
    check_equal("es", s->es, 0x10);
    check_equal("ss", s->ss, 0x10);
    check_equal("fs", s->fs, 0);
    check_equal("gs", s->gs, 0);
    check_equal("tr", s->tr, 0x18);
    check_equal("ldtr", s->ldtr, 0);
}

static void check_descriptor_tables(void)
{
    const struct entry_state *s = &entry_state;
    if (!check_that("gdt limit", s->gdtr.limit >= 0x27 && s->gdtr.limit % 8 == 7, s->gdtr.limit, "null, 2 and a TSS") ||
        !check_that("idt limit", s->idtr.limit >= 32 * 16 - 1, s->idtr.limit, "at least the 32 exceptions"))
        return;
    const uint64_t *gdt = (const uint64_t *)(uintptr_t)s->gdtr.base;
    check_equal("gdt, null descriptor", gdt[0], 0);
    /* Present, ring 0, code, readable, accessed or not, long. */
    check_equal("gdt, code", gdt[1] & 0x00fffe0000000000 & ~0x000f000000000000ull & ~0x0080000000000000ull,
                0x00209a0000000000);
    check_equal("gdt, data", gdt[2] & 0x0000fe0000000000, 0x0000920000000000);
    check_equal("gdt, busy TSS", gdt[3] & 0x0000ff0000000000, 0x00008b0000000000);
    const uint64_t *idt = (const uint64_t *)(uintptr_t)s->idtr.base;
    uint64_t sound = 0;
    for (unsigned vector = 0; vector < 32; vector++) /* present, ring 0, 64-bit interrupt gate, selector 8 */
        sound += (idt[2 * vector] & 0x0000ff00ffff0000) == 0x00008e0000080000;
    check_equal("idt, exceptions with a gate", sound, 32);
}

static bool all_zero(const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        if (byte[i] != 0)
            return false;
    }
    return true;
}

static void check_floating_point(void)
{
    const struct fxsave_area *fx = &entry_state.fx;
    check_equal("x87 control word", fx->fcw, 0x37f);
    check_equal("x87 status word", fx->fsw, 0);
    check_equal("x87 registers in use", fx->ftw, 0);
    check_equal("mxcsr", fx->mxcsr, 0x1f80);
    check_that("xmm registers", all_zero(fx->xmm, sizeof(fx->xmm)), 1, "zero");
    /* Division in SSE and in x87, both unmasked only by a wrong control word. */
    volatile double zero = 0, one = 1;
    volatile long double extended = 1;
    check_that("SSE divides", one / zero > 1e300, 0, "infinity without a fault");
    check_that("x87 divides", extended / 3 * 3 > 0.99L, 0, "about 1");
}

void check_machine(const struct boot_info *info)
{
    check_subject("registers");
    check_general_registers(info);
    check_segment_registers();
    check_system_registers(info);
    check_floating_point();
    check_subject("descriptor tables");
    check_descriptor_tables();
}

void check_interrupt_hardware(void)
{
    check_subject("interrupt hardware");
    check_equal("pic 1 mask", boot_inb(0x21), 0xff);
    check_equal("pic 2 mask", boot_inb(0xa1), 0xff);
}
