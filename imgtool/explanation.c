#include "explanation.h"

#include "boot.h"
#include "checked.h"

#include <string.h>

#define NO_SLOT 512u

const void *explanation_memory(const struct explanation *explanation, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < explanation->ranges.count; i++) {
        const struct sim_range *range = &explanation->ranges.list[i];
        if (address >= range->address && range_ok(address - range->address, size, range->size))
            return sim_memory(range->phys + (address - range->address), size);
    }
    return NULL;
}

/* A bootloader_api kernel gets another structure, with the native one behind it: the magic number tells. */
static const struct boot_info *find_info(const struct explanation *explanation)
{
    uint64_t address = explanation->machine.handoff.argument;
    for (uint64_t offset = 0; offset < PAGE_SIZE; offset += 16) {
        const struct boot_info *info = explanation_memory(explanation, address + offset, sizeof *info);
        if (info != NULL && info->magic == BOOT_INFO_MAGIC)
            return info;
    }
    return NULL;
}

/* The slot is known only from the boot info, which is found through the tables: so they are read without it, first. */
static uint32_t find_recursive_slot(const struct handoff *handoff)
{
    const uint64_t *root = sim_memory(handoff->page_table_phys, PAGE_SIZE);
    for (uint32_t i = 0; root != NULL && i < NO_SLOT; i++)
        if ((root[i] & PAGING_PRESENT) != 0 && (root[i] & 0x000ffffffffff000ull) == handoff->page_table_phys)
            return i;
    return NO_SLOT;
}

void explanation_make(struct explanation *explanation)
{
    struct sim_machine *machine = &explanation->machine;
    struct error error = {.status = STATUS_OK};
    if (sim_machine_boot(machine, &error) == STATUS_OK && machine->way == KERNEL_BY_PLAN) {
        sim_tables_read(machine->handoff.page_table_phys, find_recursive_slot(&machine->handoff), &explanation->ranges);
        explanation->info = find_info(explanation);
        if (explanation->info == NULL)
            error_set(&error, STATUS_INTERNAL, "the boot info is not where the kernel is told");
    }
    explanation->error = error;
}

void explanation_free(struct explanation *explanation)
{
    sim_ranges_free(&explanation->ranges);
}

static bool inside(const struct sim_range *range, uint64_t start, uint64_t size)
{
    return range->address >= start && range->address - start < size;
}

static uint64_t pages(uint64_t size)
{
    return align_down(size + PAGE_SIZE - 1, PAGE_SIZE);
}

static bool is_module(const struct explanation *explanation, const struct sim_range *range)
{
    const struct boot_info *info = explanation->info;
    const struct boot_module *modules =
        explanation_memory(explanation, (uintptr_t)info->modules, info->module_count * sizeof *modules);
    for (uint64_t i = 0; modules != NULL && i < info->module_count; i++)
        if (inside(range, (uintptr_t)modules[i].address, pages(modules[i].size)))
            return true;
    return false;
}

static bool is_kernel(const struct explanation *explanation, const struct sim_range *range)
{
    const struct boot_info *info = explanation->info;
    const struct boot_segment *segments =
        explanation_memory(explanation, (uintptr_t)info->segments, info->segment_count * sizeof *segments);
    for (uint64_t i = 0; segments != NULL && i < info->segment_count; i++)
        if (inside(range, segments[i].address, segments[i].size))
            return true;
    return false;
}

const char *explanation_owner(const struct explanation *explanation, const struct sim_range *range)
{
    const struct boot_info *info = explanation->info;
    const struct handoff *handoff = &explanation->machine.handoff;
    const struct boot_framebuffer *framebuffer = &info->framebuffer;
    uint64_t pixels = align_down((uintptr_t)framebuffer->address, PAGE_SIZE);
    if (is_kernel(explanation, range))
        return "kernel";
    if (inside(range, info->stack_address, info->stack_size))
        return "stack";
    if (inside(range, handoff->address, handoff_code_size()))
        return "handoff code";
    if (inside(range, handoff->address, handoff_code_size() + handoff_data_size()))
        return "handoff data";
    if (info->ramdisk != NULL && inside(range, (uintptr_t)info->ramdisk, pages(info->ramdisk_size)))
        return "ramdisk";
    if (is_module(explanation, range))
        return "module";
    if (framebuffer->address != NULL && inside(range, pixels, pages(framebuffer->size + PAGE_SIZE)))
        return "framebuffer";
    if (inside(range, info->physical_memory, info->physical_memory_size))
        return "physical memory";
    return "boot info";
}

unsigned explanation_random_bits(const struct explanation *explanation, const struct sim_range *range)
{
    const struct address_plan *plan = boot_addresses();
    for (size_t i = 0; i < plan->part_count && explanation->info != NULL; i++) {
        const struct address_part *part = &plan->parts[i];
        if (inside(range, part->address, part->size) && part->places > 1)
            return 63 - (unsigned)__builtin_clzll(part->places);
    }
    return 0;
}

const char *explanation_cache(enum paging_cache cache)
{
    return cache == PAGING_UNCACHED ? "uncached" : cache == PAGING_WRITE_COMBINING ? "write-combining" : "write-back";
}
