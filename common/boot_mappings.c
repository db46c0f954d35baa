#include "boot_mappings.h"

#include "checked.h"
#include "handoff.h"
#include "scratch.h"

#define MAP_GROWTH                                                                                                     \
    64u /* regions more than now: the framebuffer, and what firmware may split off while memory is taken */

enum status boot_mappings_map(struct frames *frames, const struct boot_framebuffer *framebuffer, struct memmap *map,
                              struct error *error)
{
    size_t room = memmap_room(frames->map.count + MAP_GROWTH);
    void *storage = NULL;
    enum status status = scratch_take(frames, room * sizeof(struct boot_memory_region), "memory map", &storage, error);
    *map = (struct memmap){storage, 0, room};
    for (size_t i = 0; i < frames->map.count && status == STATUS_OK; i++) {
        const struct boot_memory_region *region = &frames->map.regions[i];
        status = memmap_add(map, region->phys, region->size, region->type, region->firmware_type, error);
    }
    if (status == STATUS_OK)
        status = memmap_add(map, framebuffer->phys, framebuffer->size, BOOT_MEMORY_FRAMEBUFFER, UINT32_MAX, error);
    /* A copy of what is normalised is so, too. */
    return status == STATUS_OK && framebuffer->size != 0 ? memmap_normalise(map, error) : status;
}

size_t boot_mappings_room(const struct boot_mappings *mappings)
{
    size_t fixed = ELF_RUNS_MAX + PAYLOAD_LIMIT + 8;
    return fixed + (mappings->addresses->window_mapped ? window_mapping_room(mappings->map) : 0);
}

static enum status plan_kernel(const struct boot_mappings *mappings, struct mapping_plan *plan, struct error *error)
{
    const struct elf_plan *elf = &mappings->kernel->elf;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < elf->run_count && status == STATUS_OK; i++) {
        const struct elf_run *run = &elf->runs[i];
        struct paging_mapping mapping = {
            .address = run->address + mappings->addresses->bias,
            .phys = kernel_phys(elf, mappings->image, run->address),
            .size = run->size,
            .write = (run->rights & ELF_W) != 0,
            .execute = (run->rights & ELF_X) != 0,
            .name = "kernel",
        };
        status = mapping_plan_add(plan, &mapping, error);
    }
    return status;
}

static enum status plan_payloads(const struct boot_mappings *mappings, struct mapping_plan *plan, struct error *error)
{
    const struct payloads *payloads = mappings->payloads;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < payloads->count && status == STATUS_OK; i++) {
        bool ramdisk = i == 0 && payloads->has_ramdisk;
        uint32_t module = i - (payloads->has_ramdisk ? 1 : 0);
        struct paging_mapping mapping = {
            .address = ramdisk ? mappings->addresses->ramdisk : mappings->addresses->modules[module],
            .phys = payloads->list[i].phys,
            .size = address_pages_size(0, payloads->list[i].file.size),
            .write = true,
            .name = "ramdisk",
        };
        if (!ramdisk)
            __builtin_memcpy(mapping.name, "module", sizeof "module");
        if (mapping.address != 0)
            status = mapping_plan_add(plan, &mapping, error);
    }
    return status;
}

static enum status plan_framebuffer(const struct boot_mappings *mappings, struct mapping_plan *plan,
                                    struct error *error)
{
    const struct boot_framebuffer *framebuffer = mappings->framebuffer;
    if (mappings->addresses->framebuffer == 0)
        return STATUS_OK;
    struct paging_mapping mapping = {
        .address = align_down(mappings->addresses->framebuffer, PAGE_SIZE),
        .phys = align_down(framebuffer->phys, PAGE_SIZE),
        .size = address_pages_size(framebuffer->phys, framebuffer->size),
        .write = true,
        .cache = PAGING_WRITE_COMBINING,
        .name = "framebuffer",
    };
    return mapping_plan_add(plan, &mapping, error);
}

static enum status plan_loader_parts(const struct boot_mappings *mappings, struct mapping_plan *plan,
                                     struct error *error)
{
    const struct address_plan *addresses = mappings->addresses;
    uint64_t code = handoff_code_size();
    const struct paging_mapping parts[] = {
        {addresses->stack, mappings->stack_phys, mappings->kernel->stack_size, true, false, PAGING_WRITE_BACK, "stack"},
        {addresses->boot_info, mappings->boot_info_phys, mappings->boot_info_size, true, false, PAGING_WRITE_BACK,
         "boot info"},
        {addresses->handoff, mappings->handoff_phys, code, false, true, PAGING_WRITE_BACK, "handoff code"},
        {addresses->handoff + code, mappings->handoff_phys + code, handoff_data_size(), true, false, PAGING_WRITE_BACK,
         "handoff data"},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++)
        status = mapping_plan_add(plan, &parts[i], error);
    return status;
}

/* What the kernel gets of its own file: nobody but the loader writes there. */
static enum status plan_kernel_file(const struct boot_mappings *mappings, struct mapping_plan *plan,
                                    struct error *error)
{
    const struct address_plan *addresses = mappings->addresses;
    const struct kernel_plan *kernel = mappings->kernel;
    uint64_t symbols = address_pages_size(0, elf_symbols_size(&kernel->symbol_ranges));
    uint64_t file = kernel->file.kind == WISH_NOWHERE ? 0 : address_pages_size(0, kernel->file_size);
    const struct paging_mapping parts[] = {
        {addresses->symbols, mappings->image->symbols_phys, symbols, false, false, PAGING_WRITE_BACK, "symbols"},
        {addresses->kernel_file, mappings->image->file_phys, file, false, false, PAGING_WRITE_BACK, "kernel file"},
    };
    enum status status = mapping_plan_add(plan, &parts[0], error);
    return status == STATUS_OK ? mapping_plan_add(plan, &parts[1], error) : status;
}

enum status boot_mappings_plan(const struct boot_mappings *mappings, struct mapping_plan *plan, struct error *error)
{
    enum status status = plan_kernel(mappings, plan, error);
    if (status == STATUS_OK)
        status = plan_loader_parts(mappings, plan, error);
    if (status == STATUS_OK)
        status = plan_kernel_file(mappings, plan, error);
    if (status == STATUS_OK)
        status = plan_payloads(mappings, plan, error);
    if (status == STATUS_OK)
        status = plan_framebuffer(mappings, plan, error);
    if (status == STATUS_OK && mappings->addresses->window_mapped)
        status = window_add(plan, mappings->map, mappings->addresses->window, error);
    return status;
}

enum status boot_mappings_build(const struct mapping_plan *plan, const struct address_plan *addresses,
                                struct paging *paging, struct error *error)
{
    for (size_t i = 0; i < plan->count; i++) {
        enum status status = paging_map(paging, &plan->mappings[i], error);
        if (status != STATUS_OK)
            return status;
    }
    return addresses->recursive_mapped ? paging_map_recursive(paging, addresses->recursive_slot, error) : STATUS_OK;
}
