/* What becomes of a kernel that faults before it has an IDT of its own: it is told about, on every output that is
 * there, and the CPU stops. Runs in the kernel's address space, which maps this code, its data and the framebuffer. */
#include "layout.h"

#include "console.h"
#include "format.h"
#include "serial.h"
#include "status.h"

#include <stdbool.h>

struct fault { /* built by the CPU and entry.asm, lowest address first */
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define VECTOR_PAGE_FAULT 14u
#define EXCEPTIONS 32u

_Alignas(4096) struct handoff_area handoff_area;

_Noreturn void handoff_report(const struct fault *fault);

static const char *const vector_names[EXCEPTIONS] = {
    [0] = "divide error (#DE)",
    [1] = "debug exception (#DB)",
    [2] = "non-maskable interrupt (NMI)",
    [3] = "breakpoint (#BP)",
    [4] = "overflow (#OF)",
    [5] = "bound range exceeded (#BR)",
    [6] = "invalid opcode (#UD)",
    [7] = "device not available (#NM)",
    [8] = "double fault (#DF)",
    [10] = "invalid TSS (#TS)",
    [11] = "segment not present (#NP)",
    [12] = "stack-segment fault (#SS)",
    [13] = "general protection fault (#GP)",
    [14] = "page fault (#PF)",
    [16] = "x87 floating-point error (#MF)",
    [17] = "alignment check (#AC)",
    [18] = "machine check (#MC)",
    [19] = "SIMD floating-point exception (#XM)",
    [20] = "virtualization exception (#VE)",
    [21] = "control protection exception (#CP)",
    [28] = "hypervisor injection exception (#HV)",
    [29] = "VMM communication exception (#VC)",
    [30] = "security exception (#SX)",
};

static const char *vector_name(uint64_t vector)
{
    if (vector >= EXCEPTIONS)
        return "interrupt";
    return vector_names[vector] != NULL ? vector_names[vector] : "reserved exception";
}

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

static uint64_t page_tables(void)
{
    uint64_t phys;
    __asm__ volatile("mov %%cr3, %0" : "=r"(phys));
    return phys;
}

static _Noreturn void halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* Screen last: it is the one whose memory the kernel may have taken away, and a fault in here ends the report. */
static void write_everywhere(const char *text, size_t size)
{
    debugcon_write(text, size);
    if (serial_start())
        serial_write(text, size);
    struct boot_framebuffer *framebuffer = &handoff_area.framebuffer;
    if (framebuffer->address == NULL)
        return;
    console_start(framebuffer, framebuffer->address);
    console_write(text, size);
}

/* What the page was asked for: bits 0, 1 and 4 of the error code (Intel SDM 3A, figure 4-12). */
static const char *page_fault_access(uint64_t error_code)
{
    return error_code & 16 ? "jump to" : error_code & 2 ? "write to" : "read of";
}

static size_t describe(const struct fault *fault, char *text, size_t size)
{
    size_t length = format(text, size, "BOOT-ERR %d kernel %s", STATUS_KERNEL_FAULT, vector_name(fault->vector));
    if (fault->vector == VECTOR_PAGE_FAULT)
        length += format(text + length, size - length, ": %s %#llx, which is %s", page_fault_access(fault->error_code),
                         (unsigned long long)fault_address(), fault->error_code & 1 ? "protected" : "not mapped");
    length += format(text + length, size - length,
                     ", vector %u, error code %#llx, at RIP %#llx, RSP %#llx: the kernel has no IDT of its own yet\n",
                     (unsigned)fault->vector, (unsigned long long)fault->error_code, (unsigned long long)fault->rip,
                     (unsigned long long)fault->rsp);
    return length;
}

struct named {
    char name[8];
    uint64_t value;
};

static size_t list_registers(const struct fault *fault, char *text, size_t size)
{
    const struct named registers[] = {
        {"RAX", fault->rax},      {"RBX", fault->rbx},    {"RCX", fault->rcx},       {"RDX", fault->rdx},
        {"RSI", fault->rsi},      {"RDI", fault->rdi},    {"RBP", fault->rbp},       {"RSP", fault->rsp},
        {"R8", fault->r8},        {"R9", fault->r9},      {"R10", fault->r10},       {"R11", fault->r11},
        {"R12", fault->r12},      {"R13", fault->r13},    {"R14", fault->r14},       {"R15", fault->r15},
        {"RIP", fault->rip},      {"CS", fault->cs},      {"RFLAGS", fault->rflags}, {"SS", fault->ss},
        {"CR2", fault_address()}, {"CR3", page_tables()},
    };
    const size_t count = sizeof registers / sizeof registers[0];
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += format(text + length, size - length, "%-6s %016llx%s", registers[i].name,
                         (unsigned long long)registers[i].value, i % 4 == 3 || i + 1 == count ? "\n" : "  ");
    return length;
}

_Noreturn void handoff_report(const struct fault *fault)
{
    static volatile bool reporting;
    static char text[1024];
    if (reporting)
        halt();
    reporting = true;
    size_t length = describe(fault, text, sizeof text);
    length += list_registers(fault, text + length, sizeof text - length);
    write_everywhere(text, length);
    halt();
}
