/* The part of handoff.h that works on the machine itself. */
#include "cpu.h"
#include "firmware.h"
#include "handoff.h"
#include "handoff/route.h"
#include "ports.h"

#include <stdbool.h>

#define CR4_LA57 (1ull << 12)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)

#define PIC_MASTER_MASK 0x21u
#define PIC_SLAVE_MASK 0xa1u

/* Local APIC: Intel SDM 3A, "Advanced Programmable Interrupt Controller" */
#define MSR_APIC_BASE 0x1bu
#define APIC_ENABLED (1ull << 11)
#define APIC_X2 (1ull << 10)
#define APIC_ADDRESS 0x000ffffffffff000ull
#define APIC_SIZE 4096u
#define APIC_TIMER_VECTOR 0x320u /* offsets; in x2APIC mode, MSR 0x800 + offset / 16 */
#define APIC_TIMER_COUNT 0x380u
#define APIC_MASKED (1u << 16)

/* handoff/switch.asm */
_Noreturn void handoff_switch(uint64_t tables, uint64_t target, uint64_t efer);

static uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static uint64_t read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static void apic_write(uint64_t base, uint32_t offset, uint32_t value)
{
    if (base & APIC_X2) {
        write_msr(0x800 + offset / 16, value);
        return;
    }
    uint8_t *registers = firmware_map(base & APIC_ADDRESS, APIC_SIZE);
    *(volatile uint32_t *)(void *)(registers + offset) = value;
}

/* UEFI firmware's clock may tick from the local APIC's timer. The rest of the APIC stays as it is. */
static void stop_apic_timer(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);
    if ((base & APIC_ENABLED) == 0)
        return;
    apic_write(base, APIC_TIMER_VECTOR, APIC_MASKED);
    apic_write(base, APIC_TIMER_COUNT, 0);
}

bool handoff_silence(void)
{
    __asm__ volatile("cli");
    port_out8(PIC_MASTER_MASK, 0xff);
    port_out8(PIC_SLAVE_MASK, 0xff);
    stop_apic_timer();
    return (read_cr4() & CR4_LA57) != 0;
}

_Noreturn void handoff_jump(const struct handoff *handoff)
{
    struct handoff_route route = handoff_route(handoff);
    uint64_t efer = EFER_LME | EFER_LMA | (cpu_paging_features().no_execute ? EFER_NXE : 0);

    bool la57 = handoff_silence();
    handoff_switch(la57 ? route.la57_tables : route.transition_tables, la57 ? route.enter_la57 : route.enter, efer);
}
