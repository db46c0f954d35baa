/* A kernel that prints what it was given, for tests that compare that with a prediction: its page tables as ranges, the
 * memory map, and the addresses of the boot info. */
#include "../conformance/page_tables.h"

#include <stagecoach/debug.h>
#include <stagecoach/functions.h>
#include <stagecoach/print.h>

#ifndef TEST_WISHES
#define TEST_WISHES .physical_memory = BOOT_ANYWHERE
#endif

BOOT_CONFIG(TEST_WISHES);
BOOT_ENTRY(kernel_main);

/* What the walker of the conformance kernels calls when it finds something wrong. */
bool check_equal(const char *name, uint64_t found, uint64_t wanted);
bool check_that(const char *name, bool holds, uint64_t found, const char *wanted);

bool check_equal(const char *name, uint64_t found, uint64_t wanted)
{
    if (found != wanted)
        boot_print("BOOT-BAD report, %s: %lx %lx\n", name, found, wanted);
    return found == wanted;
}

bool check_that(const char *name, bool holds, uint64_t found, const char *wanted)
{
    if (!holds)
        boot_print("BOOT-BAD report, %s: %lx %s\n", name, found, wanted);
    return holds;
}

static void print_range(const struct boot_info *info, const struct leaf *run)
{
    (void)info;
    boot_print("RANGE %lx %lx %lx %lx %d %d %d\n", run->address, run->phys, run->size, run->page_size, run->write,
               run->execute, run->cache);
}

static void kernel_main(struct boot_info *info)
{
    const struct boot_framebuffer *f = &info->framebuffer;
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        const struct boot_memory_region *region = &info->memory_map[i];
        boot_print("MAP %lx %lx %d\n", region->phys, region->phys + region->size, (int)region->type);
    }
    boot_print("DISPLAY %d %d %d %lx\n", (int)f->width, (int)f->height, (int)f->pitch, f->phys);
    boot_print("FACT address %lx\n", (uint64_t)(uintptr_t)info);
    boot_print("FACT kernel_address %lx\n", info->kernel_address);
    boot_print("FACT kernel_size %lx\n", info->kernel_size);
    boot_print("FACT kernel_bias %lx\n", info->kernel_bias);
    boot_print("FACT stack_address %lx\n", info->stack_address);
    boot_print("FACT stack_size %lx\n", info->stack_size);
    boot_print("FACT framebuffer %lx\n", (uint64_t)(uintptr_t)f->address);
    boot_print("FACT framebuffer_size %lx\n", f->size);
    boot_print("FACT ramdisk %lx\n", (uint64_t)(uintptr_t)info->ramdisk);
    boot_print("FACT ramdisk_size %lx\n", info->ramdisk_size);
    boot_print("FACT physical_memory %lx\n", info->physical_memory);
    boot_print("FACT physical_memory_size %lx\n", info->physical_memory_size);
    boot_print("FACT recursive_slot %lx\n", (uint64_t)info->recursive_slot);
    boot_print("KERNEL-FRAMES %lx\n", info->kernel_phys);
    boot_print("SEED %d %x", (int)info->seed_bits, info->seed_sources);
    for (unsigned i = 0; i < sizeof(info->seed); i++)
        boot_print("%s%02x", i == 0 ? " " : "", info->seed[i]);
    boot_print("\n");
    page_tables_walk(info, print_range);
    boot_print("BOOT-OK 0\n");
    boot_debug_exit(BOOT_EXIT_SUCCESS);
}
