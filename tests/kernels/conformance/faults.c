/* The promised page faults do happen: each access is tried with a handler of our own in a copy of the loader's IDT. */
#include "check.h"
#include "state.h"

#include <stagecoach/memory.h>

#define PAGE_FAULT 14
#define CODE_PRESENT 1u
#define CODE_WRITE 2u
#define CODE_FETCH 16u

void probe_fault(void) __attribute__((visibility("hidden")));
void probe_victim(void) __attribute__((visibility("hidden")));
void probe_read(uint64_t address) __attribute__((visibility("hidden")));
void probe_write(uint64_t address) __attribute__((visibility("hidden")));
void probe_execute(uint64_t address) __attribute__((visibility("hidden")));
extern volatile uint64_t probe_count __attribute__((visibility("hidden")));
extern volatile uint64_t probe_code __attribute__((visibility("hidden")));
extern volatile uint64_t probe_address __attribute__((visibility("hidden")));

struct gate {
    uint16_t offset_low, selector, attributes, offset_middle;
    uint32_t offset_high, reserved;
};

static struct gate idt[32];
static volatile uint8_t writable[16] = {0xc3}; /* RET: harmless should it run */
static const uint8_t constant[16] = {0xc3};

static void use_own_idt(void)
{
    const struct gate *old = (const struct gate *)(uintptr_t)entry_state.idtr.base;
    for (unsigned i = 0; i < 32; i++)
        idt[i] = old[i];
    uint64_t handler = (uintptr_t)probe_fault;
    idt[PAGE_FAULT] = (struct gate){(uint16_t)handler, 8, 0x8e00, (uint16_t)(handler >> 16), (uint32_t)(handler >> 32), 0};
    struct descriptor_table table = {sizeof(idt) - 1, (uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(table));
}

static void expect(const char *name, void (*access)(uint64_t), uint64_t address, uint64_t code)
{
    uint64_t before = probe_count;
    access(address);
    if (!check_equal(name, probe_count - before, 1))
        return;
    check_equal(name, probe_code, code);
    check_equal(name, probe_address, address);
}

static void expect_fine(const char *name, void (*access)(uint64_t), uint64_t address)
{
    uint64_t before = probe_count;
    access(address);
    check_equal(name, probe_count - before, 0);
}

static void check_no_execute(const struct boot_info *info)
{
    const uint64_t code = CODE_PRESENT | CODE_FETCH;
    if (!cpu_has_no_execute())
        return;
    expect("data can't be executed", probe_execute, (uintptr_t)writable, code);
    expect("the stack can't be executed", probe_execute, info->stack_address, code);
    expect("boot info can't be executed", probe_execute, (uintptr_t)info, code);
    expect("the IDT can't be executed", probe_execute, entry_state.idtr.base, code);
    if (info->framebuffer.address != NULL)
        expect("the framebuffer can't be executed", probe_execute, (uintptr_t)info->framebuffer.address, code);
    if (info->ramdisk != NULL)
        expect("the ramdisk can't be executed", probe_execute, (uintptr_t)info->ramdisk, code);
    uint64_t phys;
    if (info->physical_memory_size > 0 && boot_kernel_to_phys(info, (const void *)(uintptr_t)probe_victim, &phys))
        expect("the window can't be executed", probe_execute, info->physical_memory + phys, code);
}

void check_faults(const struct boot_info *info)
{
    check_subject("faults");
    bool wx = (boot_note_.config.flags & BOOT_CONFIG_ALLOW_WX) != 0;
    use_own_idt();
    if (info->kernel_address != 0) {
        expect("the null page can't be read", probe_read, 0, 0);
        expect("the null page can't be written", probe_write, 8, CODE_WRITE);
    }
    expect("the guard page can't be written", probe_write, info->stack_address - 1, CODE_WRITE);
    expect_fine("the stack's lowest byte can be written", probe_write, info->stack_address);
    if (!wx) {
        expect("constants can't be written", probe_write, (uintptr_t)constant, CODE_PRESENT | CODE_WRITE);
        expect("code can't be written", probe_write, (uintptr_t)probe_victim, CODE_PRESENT | CODE_WRITE);
        check_no_execute(info);
    }
    expect_fine("data can be written", probe_write, (uintptr_t)writable);
    const struct gate *gate = (const struct gate *)(uintptr_t)entry_state.idtr.base;
    uint64_t handler = gate->offset_low | (uint64_t)gate->offset_middle << 16 | (uint64_t)gate->offset_high << 32;
    expect("the loader's fault handler can't be written", probe_write, handler, CODE_PRESENT | CODE_WRITE);
}
