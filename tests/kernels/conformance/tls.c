/* Sets up thread-local storage from boot_info alone (ELF TLS variant II) and looks at its variables. */
#include "check.h"

#define MSR_FS_BASE 0xc0000100u
#define AREA_SIZE 4096u

#ifdef TEST_TLS
static __thread uint64_t initialised = 0x1122334455667788;
static __thread uint8_t initialised_byte = 0x5a;
static __thread uint64_t zeroed[5] __attribute__((aligned(128)));

static uint8_t area[AREA_SIZE] __attribute__((aligned(AREA_SIZE)));

static void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static void set_thread_pointer(const struct boot_tls *tls)
{
    /* The block ends at the thread pointer, which is a multiple of the alignment and holds its own address. */
    uint64_t pointer = (uintptr_t)area + AREA_SIZE - 128;
    pointer &= ~(tls->alignment - 1);
    uint64_t start = (pointer - tls->memory_size) & ~(tls->alignment - 1);
    for (uint64_t i = 0; i < tls->memory_size; i++)
        ((uint8_t *)(uintptr_t)start)[i] = i < tls->file_size ? ((const uint8_t *)tls->address)[i] : 0;
    *(uint64_t *)(uintptr_t)pointer = pointer;
    write_msr(MSR_FS_BASE, pointer);
}

static __attribute__((noinline)) void check_variables(void)
{
    check_equal("initialised variable", *(volatile uint64_t *)&initialised, 0x1122334455667788);
    check_equal("initialised byte", *(volatile uint8_t *)&initialised_byte, 0x5a);
    check_equal("zero variable", *(volatile uint64_t *)&zeroed[4], 0);
    check_equal("alignment", (uintptr_t)zeroed % 128, 0);
}

void check_tls(const struct boot_info *info)
{
    check_subject("thread-local storage");
    const struct boot_tls *tls = &info->tls;
    if (!check_that("template", tls->address != NULL && tls->alignment >= 128 && tls->memory_size <= AREA_SIZE / 2 &&
                                    (tls->alignment & (tls->alignment - 1)) == 0,
                    tls->memory_size, "a small one, aligned to 128"))
        return;
    set_thread_pointer(tls);
    check_variables();
    write_msr(MSR_FS_BASE, 0);
}
#else
void check_tls(const struct boot_info *info)
{
    check_subject("no thread-local storage");
    check_equal("template", (uintptr_t)info->tls.address, 0);
}
#endif
