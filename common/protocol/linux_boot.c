#include "linux_boot.h"

#include "address_plan.h"
#include "boot_random.h"
#include "checked.h"
#include "log.h"
#include "memory.h"
#include "paging.h"
#include "timeline.h"

#define FOUR_GIB (4 * SIZE_1G)
#define MAPPINGS 3

/* --- memory and files -------------------------------------------------------------------------------------------- */

static enum status take(struct linux_boot *boot, uint64_t size, const char *what, uint64_t *phys, struct error *error)
{
    return frames_take_pages(boot->with->frames, size, FOUR_GIB, BOOT_MEMORY_LOADER_RECLAIMABLE, what, phys, error);
}

/* At its preferred address or above: lower down it would move itself there, over whatever has that memory. */
static enum status take_code(struct linux_boot *boot, struct error *error)
{
    const struct linux_plan *plan = &boot->with->kernel->linux_plan;
    uint64_t size = address_pages_size(0, plan->memory_size);
    struct frames_wish wish = {.pages = size / PAGE_SIZE,
                               .alignment = plan->alignment,
                               .above = plan->preferred,
                               .below = !plan->relocatable ? plan->preferred + size
                                        : plan->above_4g   ? 0
                                                           : FOUR_GIB,
                               .type = BOOT_MEMORY_KERNEL,
                               .what = "Linux kernel"};
    return frames_take(boot->with->frames, &wish, &boot->code_phys, error);
}

static enum status read_code(struct linux_boot *boot, struct error *error)
{
    const struct linux_plan *plan = &boot->with->kernel->linux_plan;
    enum status status = take_code(boot, error);
    if (status != STATUS_OK)
        return status;
    uint8_t *code = firmware_map(boot->code_phys, plan->memory_size);
    return boot_file_read(boot->with->file, plan->code_offset, plan->code_size, code, error);
}

/* Linux knows one ramdisk, and no modules. */
static enum status read_ramdisk(struct linux_boot *boot, struct error *error)
{
    struct payloads *payloads = boot->with->payloads;
    payloads->count = payloads->has_ramdisk ? 1 : 0;
    payloads->below = boot->with->kernel->linux_plan.ramdisk_limit;
    return payloads_load(payloads, boot->with->frames, error);
}

static enum status take_area(struct linux_boot *boot, struct error *error)
{
    struct linux_area *area = &boot->area;
    area->command_line_size = boot->with->config->command_line.size;
    area->regions_room = memmap_room(firmware_memory_map_room());
    area->efi_map_room = firmware_efi_map_room();
    enum status status = take(boot, linux_area_size(area), "Linux boot parameters", &area->phys, error);
    if (status == STATUS_OK)
        area->memory = firmware_map(area->phys, linux_area_size(area));
    return status;
}

enum status linux_boot_load(struct linux_boot *boot, struct error *error)
{
    enum status status = read_code(boot, error);
    if (status == STATUS_OK)
        status = read_ramdisk(boot, error);
    if (status == STATUS_OK)
        status = take_area(boot, error);
    timeline_mark(BOOT_PHASE_SEGMENTS);
    return status;
}

/* --- zero page and page tables ----------------------------------------------------------------------------------- */

static void fill_area(const struct linux_boot *boot)
{
    struct boot_random random;
    struct firmware_tables tables = {0};
    const struct payload *ramdisk = boot->with->payloads->has_ramdisk ? &boot->with->payloads->list[0] : NULL;
    firmware_tables(&tables);
    boot_random_start(boot->with->config, boot->with->kernel, &random);
    const struct linux_facts facts = {
        .plan = &boot->with->kernel->linux_plan,
        .code_phys = boot->code_phys,
        .command_line = boot->with->config->command_line.text,
        .ramdisk_phys = ramdisk != NULL ? ramdisk->phys : 0,
        .ramdisk_size = ramdisk != NULL ? ramdisk->file.size : 0,
        .rsdp_phys = tables.rsdp_phys,
        .framebuffer = boot->with->framebuffer,
        .seed = random.seed,
    };
    linux_area_fill(&boot->area, &facts);
    random_wipe(&random, sizeof random);
}

/* One to one, with all rights: the first 4 GiB, and what of the kernel and of the jump lies above. */
static size_t list_mappings(const struct linux_boot *boot, struct paging_mapping mappings[MAPPINGS])
{
    const uint64_t code_size = address_pages_size(0, boot->with->kernel->linux_plan.memory_size);
    const struct {
        uint64_t phys, size;
    } parts[MAPPINGS] = {{0, FOUR_GIB}, {boot->code_phys, code_size}, {linux_switch_page(), PAGE_SIZE}};
    size_t count = 0;
    for (size_t i = 0; i < MAPPINGS; i++)
        if (i == 0 || parts[i].phys >= FOUR_GIB)
            mappings[count++] = (struct paging_mapping){.address = parts[i].phys,
                                                        .phys = parts[i].phys,
                                                        .size = parts[i].size,
                                                        .write = true,
                                                        .execute = true,
                                                        .name = "Linux"};
    return count;
}

/* With 5 levels, the addresses of 4 levels are behind the first entry of the root. */
static void build_la57_root(const struct linux_entry *entry)
{
    uint64_t *root = firmware_map(entry->la57_phys, PAGE_SIZE);
    memset(root, 0, PAGE_SIZE);
    root[0] = entry->tables_phys | PAGING_PRESENT | PAGING_WRITE;
}

static enum status build_tables(struct linux_boot *boot, struct error *error)
{
    struct paging_mapping mappings[MAPPINGS];
    struct paging paging;
    struct linux_entry *entry = &boot->entry;
    size_t count = list_mappings(boot, mappings);
    uint64_t frames = paging_frames_needed(mappings, count, boot->with->features);
    enum status status = take(boot, (frames + 1) * PAGE_SIZE, "page tables", &entry->la57_phys, error);
    if (status != STATUS_OK)
        return status;
    paging_init(&paging, entry->la57_phys + PAGE_SIZE, frames, boot->with->features);
    entry->tables_phys = paging.root_phys;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = paging_map(&paging, &mappings[i], error);
    build_la57_root(entry);
    return status;
}

enum status linux_boot_prepare(struct linux_boot *boot, struct error *error)
{
    enum status status = build_tables(boot, error);
    if (status != STATUS_OK)
        return status;
    fill_area(boot);
    boot->entry.entry = boot->code_phys + LINUX_ENTRY_64;
    boot->entry.params_phys = boot->area.phys;
    timeline_mark(BOOT_PHASE_PAGE_TABLES);
    log_info("starting Linux at %#llx", (unsigned long long)boot->entry.entry);
    return STATUS_OK;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

enum status linux_boot_leave(struct linux_boot *boot, struct error *error)
{
    struct memmap map = linux_area_map(&boot->area);
    struct boot_efi efi = linux_area_efi(&boot->area);
    struct firmware_tables tables = {0};
    firmware_tables(&tables);
    efi.system_table_phys = tables.efi_system_table_phys;
    enum status status = firmware_leave(&map, &efi, error);
    timeline_mark(BOOT_PHASE_LEFT);
    if (status == STATUS_OK)
        status = memmap_normalise(&map, error);
    if (status == STATUS_OK)
        linux_area_finish(&boot->area, &map, &efi);
    return status;
}
