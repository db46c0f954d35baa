#include "boot_info.h"

#include "checked.h"
#include "cpu.h"
#include "log.h"
#include "memory.h"
#include "timeline.h"
#include "version.h"

#define AREA_ALIGNMENT 16u
#define LOADER_NAME "Stagecoach " STAGECOACH_VERSION

/* --- room -------------------------------------------------------------------------------------------------------- */

static uint64_t rounded(uint64_t size)
{
    return align_down(size + AREA_ALIGNMENT - 1, AREA_ALIGNMENT);
}

static size_t map_room(void)
{
    return memmap_room(firmware_memory_map_room() + FRAMES_CLAIM_LIMIT);
}

static uint64_t texts_room(const struct boot_info_facts *facts)
{
    uint64_t room = rounded(sizeof LOADER_NAME) + rounded(facts->config->command_line.size + 1u);
    for (uint32_t i = 0; i < facts->payloads->count; i++) {
        const struct payload *payload = &facts->payloads->list[i];
        room += rounded(payload->name.size + 1u) + rounded(payload->arguments.size + 1u);
    }
    return room;
}

static bool is_api_kernel(const struct boot_info_facts *facts)
{
    return facts->kernel->protocol == KERNEL_BOOTLOADER_API;
}

uint64_t boot_info_room(const struct boot_info_facts *facts)
{
    uint64_t room = rounded(sizeof(struct boot_info)) + texts_room(facts);
    if (is_api_kernel(facts))
        room +=
            rounded(sizeof(struct bootloader_api_info)) + rounded(map_room() * sizeof(struct bootloader_api_region));
    room += rounded(facts->kernel->elf.run_count * sizeof(struct boot_segment));
    room += rounded(facts->payloads->count * sizeof(struct boot_module));
    room += rounded(facts->edid_size);
    room += rounded(TIMELINE_CAPACITY * sizeof(struct boot_event));
    room += rounded(LOG_CAPACITY + 1u);
    room += rounded(map_room() * sizeof(struct boot_memory_region));
    room += rounded(firmware_efi_map_room());
    return align_down(room + PAGE_SIZE - 1, PAGE_SIZE);
}

/* --- filling ----------------------------------------------------------------------------------------------------- */

/* Room was computed by boot_info_room() from the same facts; boot_info_prepare() checks that it was enough. */
static void *area_reserve(struct boot_info_area *area, uint64_t size)
{
    void *reserved = area->memory + area->used;
    area->used += rounded(size);
    return reserved;
}

/* As area_reserve(), zeroed. What is reserved for maps and log is much larger than what is needed of it. */
static void *area_take(struct boot_info_area *area, uint64_t size)
{
    return memset(area_reserve(area, size), 0, rounded(size));
}

/* The kernel's pointer to something in the area. */
static void *area_pointer(const struct boot_info_area *area, const void *inside)
{
    uint64_t address = area->address + (uint64_t)((const uint8_t *)inside - area->memory);
    return (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr): an address of another address space
}

static void *kernel_pointer(uint64_t address)
{
    return (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr): an address of another address space
}

static const char *add_text(struct boot_info_area *area, const char *text, size_t size)
{
    char *copy = area_take(area, size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return area_pointer(area, copy);
}

static void add_identity(struct boot_info_area *area, const struct boot_info_facts *facts)
{
    const struct firmware_identity *identity = firmware_identity();
    struct boot_info *info = area->info;
    struct config_text command_line = facts->config->command_line;

    info->magic = BOOT_INFO_MAGIC;
    info->size = sizeof *info;
    info->version = BOOT_PROTOCOL_VERSION;
    info->loader = add_text(area, LOADER_NAME, sizeof LOADER_NAME - 1);
    info->firmware = identity->firmware;
    info->boot_source = identity->boot_source;
    info->disk = identity->disk;
    info->command_line = add_text(area, command_line.text, command_line.size);
    info->command_line_size = command_line.size;
    info->tsc_hz = cpu_tsc_hz();
}

static void add_tables(struct boot_info *info)
{
    struct firmware_tables tables = {0};
    firmware_tables(&tables);
    info->rsdp_phys = tables.rsdp_phys;
    info->smbios_phys = tables.smbios_phys;
    info->smbios32_phys = tables.smbios32_phys;
    info->efi.system_table_phys = tables.efi_system_table_phys;
}

static void add_framebuffer(struct boot_info_area *area, const struct boot_info_facts *facts)
{
    struct boot_framebuffer *framebuffer = &area->info->framebuffer;
    *framebuffer = *facts->framebuffer;
    if (framebuffer->size == 0)
        return;
    framebuffer->address = kernel_pointer(facts->addresses->framebuffer);
    if (facts->edid_size != 0) {
        void *edid = area_take(area, facts->edid_size);
        memcpy(edid, facts->edid, facts->edid_size);
        framebuffer->edid = area_pointer(area, edid);
        framebuffer->edid_size = facts->edid_size;
    }
}

static void add_kernel(struct boot_info_area *area, const struct boot_info_facts *facts)
{
    const struct elf_plan *elf = &facts->kernel->elf;
    struct boot_info *info = area->info;
    uint64_t bias = facts->addresses->bias;
    struct boot_segment *segments = area_take(area, elf->run_count * sizeof *segments);

    for (uint32_t i = 0; i < elf->run_count; i++) {
        const struct elf_run *run = &elf->runs[i];
        segments[i] = (struct boot_segment){run->address + bias, kernel_phys(elf, facts->image, run->address),
                                            run->size, run->rights};
    }
    info->segments = area_pointer(area, segments);
    info->segment_count = elf->run_count;
    info->kernel_phys = facts->image->block_phys[0];
    info->kernel_address = elf->lowest + bias;
    info->kernel_size = elf->highest - elf->lowest;
    info->kernel_bias = bias;
    if (elf->tls_alignment != 0)
        info->tls = (struct boot_tls){kernel_pointer(elf->tls.address + bias), elf->tls.size, elf->tls_memory_size,
                                      elf->tls_alignment};
}

static void add_kernel_file(struct boot_info *info, const struct boot_info_facts *facts)
{
    const struct elf_symbols *symbols = &facts->kernel->symbol_ranges;
    if (facts->image->symbols_phys != 0) {
        info->symbols = kernel_pointer(facts->addresses->symbols);
        info->symbol_count = symbols->table.size / sizeof *info->symbols;
        info->symbol_names = kernel_pointer(facts->addresses->symbols + symbols->table.size);
        info->symbol_names_size = symbols->names.size;
    }
    if (facts->kernel->file.kind != WISH_NOWHERE) {
        info->kernel_file = kernel_pointer(facts->addresses->kernel_file);
        info->kernel_file_phys = facts->image->file_phys;
        info->kernel_file_size = facts->image->file_size;
    }
}

static void add_payloads(struct boot_info_area *area, const struct boot_info_facts *facts)
{
    struct boot_info *info = area->info;
    if (facts->payloads->has_ramdisk) {
        info->ramdisk = kernel_pointer(facts->addresses->ramdisk);
        info->ramdisk_phys = facts->payloads->list[0].phys;
        info->ramdisk_size = facts->payloads->list[0].file.size;
    }
    uint32_t count;
    const struct payload *payload = payloads_modules(facts->payloads, &count);
    struct boot_module *modules = area_take(area, count * sizeof *modules);
    for (uint32_t i = 0; i < count; i++, payload++)
        modules[i] = (struct boot_module){
            .address = kernel_pointer(facts->addresses->modules[i]),
            .phys = payload->phys,
            .size = payload->file.size,
            .name = add_text(area, payload->name.text, payload->name.size),
            .arguments = add_text(area, payload->arguments.text, payload->arguments.size),
        };
    info->modules = count == 0 ? NULL : area_pointer(area, modules);
    info->module_count = count;
}

static void add_addresses(struct boot_info *info, const struct boot_info_facts *facts)
{
    const struct address_plan *addresses = facts->addresses;
    info->stack_address = addresses->stack;
    info->stack_size = facts->stack_size;
    info->physical_memory = addresses->window;
    info->physical_memory_size = addresses->window_mapped ? facts->window_size : 0;
    info->recursive_slot = addresses->recursive_mapped ? addresses->recursive_slot : UINT32_MAX;
    info->page_table_phys = facts->page_table_phys;
}

static void add_seed(struct boot_info *info, const struct boot_random *random)
{
    _Static_assert(sizeof info->seed == sizeof random->seed, "the whole seed is handed over");
    memcpy(info->seed, random->seed, sizeof info->seed);
    info->seed_bits = random->seed_bits;
    info->seed_sources = random->seed_sources;
}

/* Room for what is known only after the firmware was left. */
static void reserve_rest(struct boot_info_area *area)
{
    size_t room = map_room();
    area->map = (struct memmap){area_reserve(area, room * sizeof(struct boot_memory_region)), 0, room};
    area->timeline = area_reserve(area, TIMELINE_CAPACITY * sizeof *area->timeline);
    area->log = area_reserve(area, LOG_CAPACITY + 1u);

    struct boot_efi *efi = &area->info->efi;
    efi->memory_map_size = firmware_efi_map_room();
    if (efi->memory_map_size == 0)
        return;
    uint8_t *raw = area_reserve(area, efi->memory_map_size);
    efi->memory_map = area_pointer(area, raw);
    efi->memory_map_phys = area->phys + (uint64_t)(raw - area->memory);
}

static void reserve_api(struct boot_info_area *area, const struct boot_info_facts *facts)
{
    struct bootloader_api_region *regions = area_reserve(area, map_room() * sizeof *regions);
    area->api_facts = (struct bootloader_api_facts){
        .version = facts->kernel->api,
        .stack_size = facts->kernel->api.stack_size,
        .kernel_file_phys = facts->image->file_phys,
        .kernel_file_size = facts->image->file_size,
        .test_sentinel = facts->config->test_sentinel,
        .regions_address = (uint64_t)(uintptr_t)area_pointer(area, regions),
        .regions = regions,
        .memory_map = area->map.regions,
    };
}

enum status boot_info_prepare(struct boot_info_area *area, const struct boot_info_facts *facts, struct error *error)
{
    area->used = 0;
    area->api =
        is_api_kernel(facts) ? area_take(area, sizeof *area->api) : NULL; /* first: the kernel gets its address */
    area->info = area_take(area, sizeof *area->info);
    add_identity(area, facts);
    add_tables(area->info);
    add_framebuffer(area, facts);
    add_kernel(area, facts);
    add_kernel_file(area->info, facts);
    add_payloads(area, facts);
    add_addresses(area->info, facts);
    add_seed(area->info, facts->random);
    reserve_rest(area);
    if (area->api != NULL)
        reserve_api(area, facts);
    if (area->used > area->size)
        return error_set(error, STATUS_INTERNAL, "the boot information needs %llu bytes, %llu were planned",
                         (unsigned long long)area->used, (unsigned long long)area->size);
    return STATUS_OK;
}

enum status boot_info_finish(struct boot_info_area *area, const struct frames *frames, struct error *error)
{
    enum status status = frames_overlay(frames, &area->map, error);
    if (status != STATUS_OK)
        return status;
    area->info->memory_map = area_pointer(area, area->map.regions);
    area->info->memory_map_count = area->map.count;

    size_t size;
    const char *text = log_text(&size);
    memcpy(area->log, text, size);
    area->log[size] = '\0';
    area->info->log = area_pointer(area, area->log);
    area->info->log_size = size;
    if (area->api != NULL)
        bootloader_api_fill(area->api, area->info, &area->api_facts);
    return STATUS_OK;
}

void boot_info_seal(struct boot_info_area *area)
{
    size_t count = timeline_copy(area->timeline, TIMELINE_CAPACITY);
    area->info->timeline = area_pointer(area, area->timeline);
    area->info->timeline_count = count;
}
