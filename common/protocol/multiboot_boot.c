#include "multiboot_boot.h"

#include "checked.h"
#include "log.h"
#include "memory.h"
#include "multiboot_place.h"
#include "scratch.h"
#include "timeline.h"

static enum status take(struct multiboot_boot *boot, uint64_t size, const char *what, uint64_t *phys,
                        struct error *error)
{
    return frames_take_pages(boot->with->frames, size, MULTIBOOT_END, BOOT_MEMORY_LOADER_RECLAIMABLE, what, phys,
                             error);
}

/* --- the kernel -------------------------------------------------------------------------------------------------- */

static enum status read_segments(struct multiboot_boot *boot, const struct multiboot_places *places,
                                 const struct multiboot_place *place, struct error *error)
{
    const struct multiboot_plan *plan = boot->facts.plan;
    uint8_t *to = firmware_map(place->loaded_at, place->size);
    enum status status = STATUS_OK;
    memset(to, 0, place->size);
    for (uint32_t i = 0; i < plan->segment_count && status == STATUS_OK; i++) {
        const struct multiboot_segment *segment = &plan->segments[i];
        uint64_t offset = segment->phys + places->bias - place->phys;
        if (offset < place->size && segment->file_size != 0)
            status = boot_file_read(boot->with->file, segment->file_offset, segment->file_size, to + offset, error);
    }
    return status;
}

static enum status load_kernel(struct multiboot_boot *boot, struct error *error)
{
    struct multiboot_places places;
    struct multiboot_move *move = boot->entry.orders.moves;
    enum status status =
        multiboot_place(boot->facts.plan, boot->facts.boot_services, boot->with->frames, &places, error);
    boot->facts.load_base = (uint32_t)(boot->facts.plan->start + places.bias);
    boot->bias = places.bias;
    for (uint32_t i = 0; i < places.count && status == STATUS_OK; i++) {
        const struct multiboot_place *place = &places.list[i];
        status = read_segments(boot, &places, place, error);
        if (place->loaded_at != place->phys)
            *move++ =
                (struct multiboot_move){(uint32_t)place->phys, (uint32_t)place->loaded_at, (uint32_t)(place->size / 4)};
    }
    return status;
}

/* Each behind the headers, which then tell where it is. */
static enum status read_sections(struct multiboot_boot *boot, uint8_t *to, uint64_t phys, uint64_t at,
                                 struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < boot->facts.plan->sections.count && status == STATUS_OK; i++) {
        struct multiboot_section section;
        if (!multiboot_section_at(boot->facts.plan, to, i, &section))
            continue;
        at = align_down(at + section.alignment - 1, section.alignment);
        status = boot_file_read(boot->with->file, section.offset, section.size, to + at, error);
        __builtin_memcpy(to + section.address_field, &(uint32_t){(uint32_t)(phys + at)}, 4);
        at += section.size;
    }
    return status;
}

static enum status load_sections(struct multiboot_boot *boot, struct error *error)
{
    const struct multiboot_sections *sections = &boot->facts.plan->sections;
    uint64_t headers = (uint64_t)sections->count * sections->entry_size,
             behind = align_down(headers + PAGE_SIZE - 1, PAGE_SIZE);
    uint64_t size = behind + sections->size, phys;
    if (sections->count == 0)
        return STATUS_OK;
    enum status status = take(boot, size, "ELF sections", &phys, error);
    if (status != STATUS_OK)
        return status;
    uint8_t *to = firmware_map(phys, size);
    boot->facts.sections = to;
    status = boot_file_read(boot->with->file, sections->offset, headers, to, error);
    return status == STATUS_OK ? read_sections(boot, to, phys, behind, error) : status;
}

/* --- facts ------------------------------------------------------------------------------------------------------- */

static enum status collect_facts(struct multiboot_boot *boot, struct error *error)
{
    struct multiboot_facts *facts = &boot->facts;
    facts->plan = &boot->with->kernel->multiboot;
    facts->command_line = boot->with->config->command_line;
    facts->payloads = boot->with->payloads;
    facts->framebuffer = boot->with->framebuffer;
    facts->disk = &firmware_identity()->disk;
    facts->text_screen = facts->framebuffer->size == 0 && firmware_text_screen();
    facts->boot_services = facts->plan->boot_services && firmware_identity()->starts_programs;
    firmware_tables(&facts->tables);
    if (!facts->boot_services)
        facts->tables.efi_image_handle = 0; /* it goes with the boot services */
    if (facts->plan->needs_console && facts->framebuffer->size == 0 && !facts->text_screen)
        return multiboot_demand(error, "a screen, of kind", MULTIBOOT_SCREEN_RGB);
    return STATUS_OK;
}

/* The defaults of firmware.h. */
__attribute__((weak)) void firmware_apm(struct firmware_apm *apm)
{
    (void)apm;
}

__attribute__((weak)) void firmware_rom(struct firmware_rom *rom)
{
    (void)rom;
}

/* Memory for the final maps, and for the information, whose size is that of a trial with maps of the largest size. */
static enum status take_information(struct multiboot_boot *boot, struct error *error)
{
    struct multiboot_facts *facts = &boot->facts;
    void *regions = NULL;
    firmware_apm(&facts->apm);
    if (facts->plan->version == 1)
        firmware_rom(&facts->rom);
    facts->map.count = facts->map.capacity = memmap_room(firmware_memory_map_room());
    facts->efi.memory_map_size = firmware_efi_map_room();
    (facts->plan->version == 2 ? multiboot2_write : multiboot1_write)(&boot->out, facts);
    enum status status = take(boot, boot->out.used, "Multiboot information", &boot->out.phys, error);
    if (status == STATUS_OK)
        status = scratch_take(boot->with->frames, facts->map.capacity * sizeof(struct boot_memory_region), "memory map",
                              &regions, error);
    if (status == STATUS_OK && facts->efi.memory_map_size != 0)
        status = take(boot, facts->efi.memory_map_size, "memory map", &facts->efi.memory_map_phys, error);
    facts->map.regions = regions;
    return status;
}

enum status multiboot_boot_load(struct multiboot_boot *boot, struct error *error)
{
    enum status status = collect_facts(boot, error);
    if (status == STATUS_OK)
        status = load_kernel(boot, error);
    boot->with->payloads->below = MULTIBOOT_END;
    if (status == STATUS_OK)
        status = payloads_load(boot->with->payloads, boot->with->frames, error);
    if (status == STATUS_OK)
        status = load_sections(boot, error);
    if (status == STATUS_OK)
        status = take_information(boot, error);
    timeline_mark(BOOT_PHASE_SEGMENTS);
    return status;
}

/* --- the jump ---------------------------------------------------------------------------------------------------- */

enum status multiboot_boot_prepare(struct multiboot_boot *boot, struct error *error)
{
    const struct multiboot_plan *plan = boot->facts.plan;
    struct multiboot_entry *entry = &boot->entry;
    size_t code_size = (size_t)(multiboot_switch_end - multiboot_switch);
    uint64_t phys = (boot->facts.boot_services ? plan->efi_entry : plan->entry) + boot->bias;
    entry->boot_services = boot->facts.boot_services;
    entry->orders.entry = (uint32_t)phys;
    entry->orders.magic = plan->version == 2 ? MULTIBOOT2_MAGIC : MULTIBOOT1_MAGIC;
    entry->orders.information = (uint32_t)boot->out.phys;
    enum status status = take(boot, PAGE_SIZE, "jump to the kernel", &entry->code_phys, error);
    if (status != STATUS_OK)
        return status;
    uint8_t *page = firmware_map(entry->code_phys, PAGE_SIZE);
    memcpy(page, multiboot_switch, code_size);
    memcpy(page + code_size, &entry->orders, sizeof entry->orders);
    status = firmware_allow_execution(entry->code_phys, PAGE_SIZE, error);
    timeline_mark(BOOT_PHASE_PAGE_TABLES);
    log_info("starting the kernel at %#llx", (unsigned long long)phys);
    return status;
}

static enum status leave_firmware(struct multiboot_facts *facts, struct error *error)
{
    facts->map.count = 0;
    enum status status = firmware_leave(&facts->map, &facts->efi, error);
    timeline_mark(BOOT_PHASE_LEFT);
    if (facts->efi.memory_map_size != 0)
        facts->efi.memory_map = firmware_map(facts->efi.memory_map_phys, facts->efi.memory_map_size);
    return status == STATUS_OK ? memmap_normalise(&facts->map, error) : status;
}

enum status multiboot_boot_leave(struct multiboot_boot *boot, struct error *error)
{
    struct multiboot_facts *facts = &boot->facts;
    enum status status = facts->boot_services ? STATUS_OK : leave_firmware(facts, error);
    uint64_t room = boot->out.used;
    if (status != STATUS_OK)
        return status;
    boot->out.memory = firmware_map(boot->out.phys, room);
    (facts->plan->version == 2 ? multiboot2_write : multiboot1_write)(&boot->out, facts);
    return boot->out.used <= room ? STATUS_OK : error_set(error, STATUS_INTERNAL, "Multiboot information");
}
