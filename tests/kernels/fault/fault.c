/* Announces one forbidden access and makes it. The loader's fault handler must report it: "fault kernel: <name>" is
 * followed by the handler's report of the vector named in tests/kernels/README.md, and never by BOOT-BAD. */
#include <stagecoach/boot.h>
#include <stagecoach/print.h>

BOOT_CONFIG(.physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

static volatile uint8_t data[16] = {0xc3};

static void announce(const char *name, uint64_t vector, uint64_t address)
{
    boot_print("fault kernel: %s, expecting vector %lu, address %016lx\n", name, vector, address);
}

#if defined(FAULT_GUARD)
static void fault(const struct boot_info *info)
{
    announce("guard", 14, info->stack_address - 8);
    *(volatile uint64_t *)(uintptr_t)(info->stack_address - 8) = 1;
}
#elif defined(FAULT_NULL)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("null", 14, 0);
    volatile uint8_t *nowhere = (volatile uint8_t *)0;
    __asm__ volatile("" : "+r"(nowhere)); /* the compiler shall not know */
    *nowhere = 1;
}
#elif defined(FAULT_NX_STACK)
static void fault(const struct boot_info *info)
{
    announce("nx-stack", 14, info->stack_address);
    *(volatile uint8_t *)(uintptr_t)info->stack_address = 0xc3;
    __asm__ volatile("call *%0" : : "r"(info->stack_address) : "memory");
}
#elif defined(FAULT_NX_DATA)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("nx-data", 14, (uintptr_t)data);
    __asm__ volatile("call *%0" : : "r"(data) : "memory");
}
#elif defined(FAULT_RODATA_WRITE)
static const uint8_t constant[16] = {1};
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("rodata-write", 14, (uintptr_t)constant);
    *(volatile uint8_t *)(uintptr_t)constant = 1;
}
#elif defined(FAULT_RELRO_WRITE)
/* Written once, by the relocation of the pointer; read-only from then on. */
static void fault(const struct boot_info *info);
static void (*const relocated)(const struct boot_info *info) __attribute__((used, section(".data.rel.ro"))) = fault;
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("relro-write", 14, (uintptr_t)&relocated);
    *(void (*volatile *)(const struct boot_info *))(uintptr_t)&relocated = 0;
}
#elif defined(FAULT_TEXT_WRITE)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("text-write", 14, (uintptr_t)_start);
    *(volatile uint8_t *)(uintptr_t)_start = 1;
}
#elif defined(FAULT_UNDEFINED)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("undefined", 6, 0);
    __asm__ volatile("ud2");
}
#elif defined(FAULT_DIVIDE)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("divide", 0, 0);
    __asm__ volatile("div %b0" : : "c"(0), "a"(1));
}
#elif defined(FAULT_NONCANONICAL)
static void fault(const struct boot_info *info)
{
    (void)info;
    announce("noncanonical", 13, 0);
    *(volatile uint8_t *)(uintptr_t)0x8000000000000000 = 1;
}
#elif defined(FAULT_STACK_OVERFLOW)
static void fault(const struct boot_info *info)
{
    /* The page fault can't be delivered on the stack that caused it: the report needs a stack of its own. */
    announce("stack-overflow", 14, info->stack_address - 8);
    __asm__ volatile("movq %0, %%rsp\n\tpushq $1" : : "r"(info->stack_address) : "memory");
}
#endif

static void kernel_main(struct boot_info *info)
{
    data[1] = 0xc3;
    fault(info);
    boot_print("BOOT-BAD fault: none happened\n");
    boot_debug_exit(BOOT_EXIT_FAILURE);
}
