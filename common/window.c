#include "mapping_plan.h"

#include "checked.h"

#define WINDOW_MINIMUM (4 * SIZE_1G)

enum window_kind { WINDOW_NOTHING, WINDOW_DEVICE, WINDOW_RAM, WINDOW_PIXELS };

static enum window_kind kind_of(uint32_t type)
{
    switch (type) {
    case BOOT_MEMORY_USABLE:
    case BOOT_MEMORY_LOADER_RECLAIMABLE:
    case BOOT_MEMORY_KERNEL:
    case BOOT_MEMORY_RAMDISK:
    case BOOT_MEMORY_MODULE:
    case BOOT_MEMORY_ACPI_RECLAIMABLE:
    case BOOT_MEMORY_ACPI_NVS:
    case BOOT_MEMORY_EFI_RUNTIME_CODE:
    case BOOT_MEMORY_EFI_RUNTIME_DATA:
    case BOOT_MEMORY_PERSISTENT:
    case MEMMAP_LOADER_IN_USE:
        return WINDOW_RAM;
    case BOOT_MEMORY_FRAMEBUFFER:
        return WINDOW_PIXELS;
    case BOOT_MEMORY_BAD:
        return WINDOW_NOTHING;
    default:
        return WINDOW_DEVICE;
    }
}

static uint64_t region_end(const struct boot_memory_region *region)
{
    return region->phys + region->size;
}

uint64_t window_size(const struct memmap *map)
{
    uint64_t end = WINDOW_MINIMUM;
    for (size_t i = 0; i < map->count; i++) {
        const struct boot_memory_region *region = &map->regions[i];
        if (kind_of(region->type) == WINDOW_RAM && region_end(region) > end)
            end = region_end(region);
    }
    return align_down(end + SIZE_2M - 1, SIZE_2M);
}

size_t window_mapping_room(const struct memmap *map)
{
    return 2 * map->count + 2; /* each region and the hole before it, split once at 4 GiB, and the last hole */
}

/* The stretch of one kind that is being collected; written out when the kind changes. */
struct stretch {
    uint64_t start, end;
    enum window_kind kind;
};

static enum status stretch_write(struct mapping_plan *plan, const struct stretch *stretch, uint64_t address,
                                 struct error *error)
{
    if (stretch->kind == WINDOW_NOTHING || stretch->start == stretch->end)
        return STATUS_OK;
    struct paging_mapping mapping = {
        .address = address + stretch->start,
        .phys = stretch->start,
        .size = stretch->end - stretch->start,
        .write = true,
        .cache = stretch->kind == WINDOW_RAM      ? PAGING_WRITE_BACK
                 : stretch->kind == WINDOW_PIXELS ? PAGING_WRITE_COMBINING
                                                  : PAGING_UNCACHED,
        .name = "physical memory",
    };
    return mapping_plan_add(plan, &mapping, error);
}

/* Continues the stretch to `end` if the kind is the same, else writes it out and begins the next. */
static enum status stretch_extend(struct mapping_plan *plan, struct stretch *stretch, uint64_t end,
                                  enum window_kind kind, uint64_t address, struct error *error)
{
    if (end <= stretch->end)
        return STATUS_OK;
    if (kind == stretch->kind) {
        stretch->end = end;
        return STATUS_OK;
    }
    enum status status = stretch_write(plan, stretch, address, error);
    *stretch = (struct stretch){stretch->end, end, kind};
    return status;
}

/* As stretch_extend, with what is not RAM left out above 4 GiB. */
static enum status window_extend(struct mapping_plan *plan, struct stretch *stretch, uint64_t end,
                                 enum window_kind kind, uint64_t address, struct error *error)
{
    if (kind == WINDOW_RAM || end <= WINDOW_MINIMUM)
        return stretch_extend(plan, stretch, end, kind, address, error);
    enum status status = STATUS_OK;
    if (stretch->end < WINDOW_MINIMUM)
        status = stretch_extend(plan, stretch, WINDOW_MINIMUM, kind, address, error);
    if (status == STATUS_OK)
        status = stretch_extend(plan, stretch, end, WINDOW_NOTHING, address, error);
    return status;
}

enum status window_add(struct mapping_plan *plan, const struct memmap *map, uint64_t address, struct error *error)
{
    struct stretch stretch = {0, 0, WINDOW_NOTHING};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < map->count && status == STATUS_OK; i++) {
        const struct boot_memory_region *region = &map->regions[i];
        status = window_extend(plan, &stretch, region->phys, WINDOW_DEVICE, address, error);
        if (status == STATUS_OK)
            status = window_extend(plan, &stretch, region_end(region), kind_of(region->type), address, error);
    }
    if (status == STATUS_OK)
        status = window_extend(plan, &stretch, WINDOW_MINIMUM, WINDOW_DEVICE, address, error);
    return status != STATUS_OK ? status : stretch_write(plan, &stretch, address, error);
}
