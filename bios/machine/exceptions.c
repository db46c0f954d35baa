#include "exceptions.h"

#include "boot.h"
#include "error.h"
#include "firmware.h"

#define VECTORS 32
#define SELECTOR_CODE 0x08
#define SELECTOR_TSS 0x30
#define GATE_INTERRUPT 0x8e
#define DESCRIPTOR_TSS 0x89
#define STUB_SIZE 4 /* exceptions.asm */
/* Vectors with an error code: 8, 10 to 14, 17, 21, 29, 30 (Intel SDM 3A, table 6-1; AMD APM 2, table 8-1). */
#define WITH_CODE (1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30)
#define STACK_SIZE 8192

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "Intel SDM 3A, figure 6-8");

struct tss {
    uint32_t reserved;
    uint64_t rsp[3];
    uint64_t reserved2;
    uint64_t stacks[7];
    uint8_t reserved3[10];
    uint16_t io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "Intel SDM 3A, figure 8-11");

struct tss_descriptor {
    uint16_t limit, base_low;
    uint8_t base_middle, type, flags, base_high;
    uint32_t base_highest, reserved;
};
_Static_assert(sizeof(struct tss_descriptor) == 16, "Intel SDM 3A, figure 8-4");

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct exception_frame { /* as the CPU pushes it, before an error code */
    uint64_t rip, cs, flags, rsp, ss;
};

extern const uint8_t exception_stubs[];
bool exception_page_fault(uint64_t address);
_Noreturn void exception_report(const uint64_t *pushed);

static struct gate gates[VECTORS];
static struct tss tss;
static exceptions_page_fault *page_fault_handler;
static uint8_t stack[STACK_SIZE] __attribute__((aligned(16))); /* an own one: the usual may be what overflowed */

static void set_gate(struct gate *gate, uint64_t handler)
{
    *gate = (struct gate){
        .offset_low = (uint16_t)handler,
        .selector = SELECTOR_CODE,
        .stack = 1,
        .type = GATE_INTERRUPT,
        .offset_middle = (uint16_t)(handler >> 16),
        .offset_high = (uint32_t)(handler >> 32),
    };
}

static void load_tss(uint64_t gdt)
{
    uint64_t base = (uintptr_t)&tss;
    struct tss_descriptor *descriptor = (struct tss_descriptor *)(uintptr_t)(gdt + SELECTOR_TSS);
    tss.stacks[0] = (uintptr_t)stack + STACK_SIZE;
    tss.io_map = sizeof tss;
    *descriptor = (struct tss_descriptor){
        .limit = sizeof tss - 1,
        .base_low = (uint16_t)base,
        .base_middle = (uint8_t)(base >> 16),
        .type = DESCRIPTOR_TSS,
        .base_high = (uint8_t)(base >> 24),
        .base_highest = (uint32_t)(base >> 32),
    };
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

void exceptions_start(uint64_t gdt, exceptions_page_fault *page_fault)
{
    page_fault_handler = page_fault;
    load_tss(gdt);
    for (uint64_t i = 0; i < VECTORS; i++)
        set_gate(&gates[i], (uintptr_t)exception_stubs + i * STUB_SIZE);
    struct table_pointer pointer = {sizeof gates - 1, (uintptr_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

bool exception_page_fault(uint64_t address)
{
    return page_fault_handler != NULL && page_fault_handler(address);
}

/* At `pushed` lies the vector, then what the CPU pushed. */
_Noreturn void exception_report(const uint64_t *pushed)
{
    static bool reporting;
    struct error error;
    uint64_t address, vector = *pushed++;
    uint64_t code = (WITH_CODE >> vector & 1) != 0 ? *pushed++ : 0;
    const struct exception_frame *frame = (const void *)pushed;
    if (reporting)
        firmware_stop();
    reporting = true;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    error_set(&error, STATUS_INTERNAL,
              "CPU exception %llu, code %#llx, RIP %#llx, RSP %#llx, CR2 %#llx: report this line as a bug",
              (unsigned long long)vector, (unsigned long long)code, (unsigned long long)frame->rip,
              (unsigned long long)frame->rsp, (unsigned long long)address);
    boot_fail(&error);
}
