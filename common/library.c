#include "library.h"

#include "boot.h"
#include "memory.h"

#include <stdint.h>

#define CR0_EMULATION (1ull << 2)
#define CR0_TASK_SWITCHED (1ull << 3)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define FLAGS_IF (1ull << 9)
#define MSR_FS_BASE 0xc0000100u

static struct {
    uint64_t flags, cr0, cr4, fs_base;
    uint8_t registers[512] __attribute__((aligned(16))); /* as FXSAVE stores them */
} before;

/* What the thread pointer leads to in a program: of it, the canary is all that is asked for. */
static const uint64_t thread_block[8] = {[5] = 0x5347434f41434e59};

static uint64_t read_fs_base(void)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_FS_BASE));
    return (uint64_t)high << 32 | low;
}

static void write_fs_base(uint64_t base)
{
    __asm__ volatile("wrmsr" : : "c"(MSR_FS_BASE), "a"((uint32_t)base), "d"((uint32_t)(base >> 32)) : "memory");
}

static void write_control(uint64_t cr0, uint64_t cr4)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

void library_enter(void)
{
    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(before.flags) : : "memory");
    __asm__ volatile("mov %%cr0, %0" : "=r"(before.cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(before.cr4));
    write_control(before.cr0 & ~(CR0_EMULATION | CR0_TASK_SWITCHED), before.cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
    __asm__ volatile("fxsave64 %0" : "=m"(before.registers));
    before.fs_base = read_fs_base();
    write_fs_base((uintptr_t)thread_block);
}

void library_leave(void)
{
    write_fs_base(before.fs_base);
    __asm__ volatile("fxrstor64 %0" : : "m"(before.registers) : "memory");
    write_control(before.cr0, before.cr4);
    if ((before.flags & FLAGS_IF) != 0)
        __asm__ volatile("sti" : : : "memory");
}

/* --- what the libraries call ------------------------------------------------------------------------------------- */

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the compiler chose these names
_Noreturn void __stack_chk_fail(void);
void *__memcpy_chk(void *restrict to, const void *restrict from, size_t size, size_t room);

_Noreturn void __stack_chk_fail(void)
{
    struct error error;
    library_leave();
    error_set(&error, STATUS_INTERNAL, "a library function wrote beyond its memory");
    boot_fail(&error);
}

void *__memcpy_chk(void *restrict to, const void *restrict from, size_t size, size_t room)
{
    if (size > room)
        __stack_chk_fail();
    return memcpy(to, from, size);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
