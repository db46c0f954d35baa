/* Every mapping that the kernel was started with belongs to something that boot_info names, with just its rights. */
#include "check.h"
#include "page_tables.h"
#include "state.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

static bool inside(uint64_t address, uint64_t size, uint64_t start, uint64_t length)
{
    return address >= start && length >= size && address - start <= length - size;
}

static uint64_t pages_end(uint64_t end)
{
    return (end + BOOT_PAGE_SIZE - 1) & ~(BOOT_PAGE_SIZE - 1);
}

/* Size of the whole pages that hold [start, start + size). */
static uint64_t pages_size(uint64_t start, uint64_t size)
{
    return pages_end(start + size) - (start & ~(BOOT_PAGE_SIZE - 1));
}

static void check_attributes(const struct leaf *run, bool write, bool execute, uint8_t cache)
{
    if (run->write != write || (run->execute != execute && cpu_has_no_execute()) || run->cache != cache)
        boot_print("  at %016lx, %lu bytes, physical %lx: write %d execute %d cache %d\n", run->address, run->size,
                   run->phys, run->write, run->execute, run->cache);
    check_equal("mapping is writable", run->write, write);
    if (cpu_has_no_execute())
        check_equal("mapping is executable", run->execute, execute);
    check_equal("mapping's memory type", run->cache, cache);
}

static bool is_segment(const struct boot_info *info, const struct leaf *run)
{
    for (uint64_t i = 0; i < info->segment_count; i++) {
        const struct boot_segment *s = &info->segments[i];
        if (!inside(run->address, run->size, s->address, s->size))
            continue;
        check_attributes(run, (s->rights & 2) != 0, (s->rights & 1) != 0, CACHE_WRITE_BACK);
        check_equal("segment's frames", run->phys, s->phys + (run->address - s->address));
        return true;
    }
    return false;
}

static bool is_payload(const struct boot_info *info, const struct leaf *run)
{
    bool ramdisk = inside(run->address, run->size, (uintptr_t)info->ramdisk, pages_end(info->ramdisk_size));
    if (info->ramdisk != NULL && ramdisk) {
        check_attributes(run, true, false, CACHE_WRITE_BACK);
        check_equal("ramdisk's frames", run->phys, info->ramdisk_phys + (run->address - (uintptr_t)info->ramdisk));
        return true;
    }
    for (uint64_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        if (!inside(run->address, run->size, (uintptr_t)module->address, pages_end(module->size)))
            continue;
        check_attributes(run, true, false, CACHE_WRITE_BACK);
        check_equal("module's frames", run->phys, module->phys + (run->address - (uintptr_t)module->address));
        return true;
    }
    return false;
}

static bool is_framebuffer(const struct boot_info *info, const struct leaf *run)
{
    const struct boot_framebuffer *f = &info->framebuffer;
    uint64_t start = (uintptr_t)f->address & ~(BOOT_PAGE_SIZE - 1);
    if (f->address == NULL || !inside(run->address, run->size, start, pages_size((uintptr_t)f->address, f->size)))
        return false;
    check_attributes(run, true, false, CACHE_WRITE_COMBINING);
    check_equal("framebuffer's frames", run->phys, (f->phys & ~(BOOT_PAGE_SIZE - 1)) + (run->address - start));
    return true;
}

/* Stack, boot info, and the pages of GDT, TSS and IDT with the code that their gates lead to. */
static bool is_loader(const struct boot_info *info, const struct leaf *run)
{
    uint64_t info_start = (uintptr_t)info & ~(BOOT_PAGE_SIZE - 1);
    bool stack = inside(run->address, run->size, info->stack_address, info->stack_size);
    bool boot_info = inside(info_start, BOOT_PAGE_SIZE, run->address, run->size);
    bool tables = inside(entry_state.gdtr.base, 8, run->address, run->size) ||
                  inside(entry_state.idtr.base, 16, run->address, run->size);
    const uint16_t *gate = (const uint16_t *)(uintptr_t)entry_state.idtr.base;
    uint64_t handler = gate[0] | (uint64_t)gate[3] << 16 | (uint64_t)gate[4] << 32 | (uint64_t)gate[5] << 48;
    bool code = inside(handler, 1, run->address, run->size);
    if (!stack && !boot_info && !tables && !code)
        return false;
    check_attributes(run, !code, code, CACHE_WRITE_BACK);
    const struct boot_memory_region *region = boot_memory_find(info, run->phys, run->size);
    check_that("loader's frames", region != NULL && region->type == BOOT_MEMORY_LOADER_RECLAIMABLE, run->phys,
               "loader reclaimable");
    return true;
}

static bool is_window(const struct boot_info *info, const struct leaf *run)
{
    if (!inside(run->address, run->size, info->physical_memory, info->physical_memory_size))
        return false;
    check_equal("window is writable", run->write, true);
    if (cpu_has_no_execute())
        check_equal("window is executable", run->execute, false);
    check_equal("window's frames", run->phys, run->address - info->physical_memory);
    return true;
}

static void check_owned(const struct boot_info *info, const struct leaf *run)
{
    check_that("no page for users", !run->user && !run->global, run->address, "supervisor, not global");
    bool wx_wanted = (boot_note_.config.flags & BOOT_CONFIG_ALLOW_WX) != 0;
    if (cpu_has_no_execute() && !wx_wanted)
        check_that("no page is writable and executable", !run->write || !run->execute, run->address, "W^X");
    check_equal("frames are aligned to the page size", run->phys % run->page_size, 0);
    bool known = is_segment(info, run) || is_payload(info, run) || is_framebuffer(info, run) || is_loader(info, run) ||
                 is_window(info, run);
    check_that("every mapping has an owner", known, run->address, "an owner");
}

/* On a CPU without NX, pages of neighbouring segments may look alike: cut where a segment begins. */
static void check_run(const struct boot_info *info, const struct leaf *run)
{
    struct leaf rest = *run;
    for (uint64_t i = 0; i < info->segment_count; i++) {
        uint64_t cut = info->segments[i].address - rest.address;
        if (info->segments[i].address <= rest.address || cut >= rest.size)
            continue;
        struct leaf first = rest;
        first.size = cut;
        check_owned(info, &first);
        rest.address += cut;
        rest.phys += cut;
        rest.size -= cut;
    }
    check_owned(info, &rest);
}

static void check_absent(const char *name, const struct boot_info *info, uint64_t address)
{
    struct leaf leaf;
    check_that(name, !page_tables_find(info, address, &leaf), address, "not mapped");
}

static void check_mapped(const char *name, const struct boot_info *info, uint64_t start, uint64_t size)
{
    uint64_t missing = 0;
    struct leaf leaf;
    uint64_t page = start & ~(BOOT_PAGE_SIZE - 1), end = start + size;
    for (; page < end && missing == 0; page = leaf.address + leaf.size) {
        if (!page_tables_find(info, page, &leaf)) {
            missing = page;
            break;
        }
    }
    check_that(name, missing == 0, missing, "mapped");
}

static void check_complete(const struct boot_info *info)
{
    for (uint64_t i = 0; i < info->segment_count; i++)
        check_mapped("segment", info, info->segments[i].address, info->segments[i].size);
    check_mapped("stack", info, info->stack_address, info->stack_size);
    if (info->ramdisk != NULL)
        check_mapped("ramdisk", info, (uintptr_t)info->ramdisk, info->ramdisk_size);
    for (uint64_t i = 0; i < info->module_count; i++)
        check_mapped("module", info, (uintptr_t)info->modules[i].address, info->modules[i].size);
    if (info->framebuffer.address != NULL)
        check_mapped("framebuffer", info, (uintptr_t)info->framebuffer.address, info->framebuffer.size);
}

static void check_recursive_slot(const struct boot_info *info)
{
    uint64_t wish = boot_note_.config.page_table_recursive;
    bool wanted = wish != BOOT_DEFAULT && wish != BOOT_NOWHERE;
    check_equal("recursive slot exists", info->recursive_slot < 512, wanted);
    if (wish > BOOT_NOWHERE)
        check_equal("recursive slot as asked", info->recursive_slot, wish >> 39 & 511);
    if (!wanted || info->recursive_slot >= 512)
        return;
    uint64_t slot = info->recursive_slot;
    uint64_t address = slot << 39 | slot << 30 | slot << 21 | slot << 12 | slot << 3;
    address = (uint64_t)((int64_t)(address << 16) >> 16);
    uint64_t entry = *(const uint64_t *)(uintptr_t)address;
    check_equal("recursive slot leads to the root", entry & ENTRY_PHYS, info->page_table_phys);
    check_equal("recursive slot is not for users", entry & ENTRY_USER, 0);
}

/* What was free to lie anywhere lies in the dynamic range, to the page. */
static void check_range(const char *name, uint64_t wish, uint64_t address, uint64_t size)
{
    const struct boot_config *config = &boot_note_.config;
    uint64_t start = config->dynamic_range_start != 0 ? config->dynamic_range_start : 0xffff800000000000;
    uint64_t end = config->dynamic_range_end != 0 ? config->dynamic_range_end : 0xffffffffffe00000;
    bool anywhere = wish == BOOT_DEFAULT || wish == BOOT_ANYWHERE;
    if (anywhere && size != 0)
        check_that(name, address >= start && size <= end - address, address, "inside the dynamic range");
}

static void check_dynamic_range(const struct boot_info *info)
{
    const struct boot_config *wish = &boot_note_.config;
    const struct boot_framebuffer *f = &info->framebuffer;
    if (info->kernel_bias != 0)
        check_range("kernel is in range", wish->kernel_base, info->kernel_address, info->kernel_size);
    check_range("stack is in range", wish->kernel_stack, info->stack_address - BOOT_PAGE_SIZE,
                info->stack_size + BOOT_PAGE_SIZE);
    check_range("boot info is in range", wish->boot_info, (uintptr_t)info, info->size);
    check_range("GDT is in range", BOOT_ANYWHERE, entry_state.gdtr.base, entry_state.gdtr.limit);
    if (f->address != NULL)
        check_range("framebuffer is in range", wish->framebuffer, (uintptr_t)f->address, f->size);
    if (info->ramdisk != NULL)
        check_range("ramdisk is in range", wish->ramdisk, (uintptr_t)info->ramdisk, info->ramdisk_size);
    for (uint64_t i = 0; i < info->module_count; i++)
        check_range("module is in range", BOOT_ANYWHERE, (uintptr_t)info->modules[i].address, info->modules[i].size);
    check_range("window is in range", wish->physical_memory, info->physical_memory, info->physical_memory_size);
    if (info->recursive_slot < 512 && wish->page_table_recursive == BOOT_ANYWHERE)
        check_range("recursive slot is in range", BOOT_ANYWHERE,
                    (uint64_t)((int64_t)((uint64_t)info->recursive_slot << 55) >> 16), 1ull << 39);
}

void check_page_tables(const struct boot_info *info)
{
    check_subject("page tables");
    check_recursive_slot(info);
    check_dynamic_range(info);
    if (!page_tables_readable(info))
        return;
    boot_print("%lu page tables\n", page_tables_walk(info, check_run));
    check_complete(info);
    if (info->kernel_address != 0)
        check_absent("null page", info, 0);
    check_absent("guard page", info, info->stack_address - 1);
}
