/* The zero page, struct boot_params of arch/x86/include/uapi/asm/bootparam.h, by its offsets. */
#include "linux.h"

#include "checked.h"
#include "memory.h"

enum {
    SCREEN_COLUMNS = 0x07,
    SCREEN_LINES = 0x0e,
    SCREEN_KIND = 0x0f,
    SCREEN_POINTS = 0x10,
    SCREEN_WIDTH = 0x12,
    SCREEN_HEIGHT = 0x14,
    SCREEN_DEPTH = 0x16,
    SCREEN_BASE = 0x18,
    SCREEN_SIZE = 0x1c, /* in 64 KiB */
    SCREEN_PITCH = 0x24,
    SCREEN_COLOURS = 0x26, /* size and position of red, green, blue, and the rest */
    SCREEN_PAGES = 0x32,
    SCREEN_CAPABILITIES = 0x36,
    SCREEN_BASE_HIGH = 0x3a,
    RSDP = 0x70,
    RAMDISK_HIGH = 0xc0,
    RAMDISK_SIZE_HIGH = 0xc4,
    COMMAND_LINE_HIGH = 0xc8,
    EFI_INFO = 0x1c0,
    E820_COUNT = 0x1e8,
    VIDEO_MODE = 0x1fa,
    LOADER_TYPE = 0x210,
    CODE_START = 0x214,
    RAMDISK = 0x218,
    RAMDISK_SIZE = 0x21c,
    COMMAND_LINE = 0x228,
    SETUP_DATA = 0x250,
    E820_TABLE = 0x2d0,
};
#define E820_TABLE_MAX 128u
#define LOADER_WITHOUT_ID 0xffu
#define VIDEO_MODE_NORMAL 0xffffu
#define SCREEN_IS_VGA 0x01u
#define SCREEN_IS_LINEAR 0x23u
#define SCREEN_64_BIT_BASE 0x02u
#define EFI_SIGNATURE 0x34364c45u /* "EL64" */

struct setup_data { /* followed by its data */
    uint64_t next;
    uint32_t type, size;
};
#define SETUP_E820_EXT 1u
#define SETUP_RNG_SEED 9u

struct e820_entry {
    uint64_t phys, size;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20, "struct boot_e820_entry");

/* --- the area's parts -------------------------------------------------------------------------------------------- */

struct parts { /* offsets in the area */
    uint64_t command_line, seed, entries, regions, efi_map, end;
};

static uint64_t rounded(uint64_t size)
{
    return align_down(size + 15, 16);
}

static struct parts parts_of(const struct linux_area *area)
{
    struct parts parts = {.command_line = LINUX_PARAMS_SIZE};
    parts.seed = parts.command_line + rounded(area->command_line_size + 1u);
    parts.entries = parts.seed + sizeof(struct setup_data) + LINUX_SEED_SIZE;
    parts.regions = parts.entries + rounded(sizeof(struct setup_data) + area->regions_room * sizeof(struct e820_entry));
    parts.efi_map = parts.regions + area->regions_room * sizeof(struct boot_memory_region);
    parts.end = parts.efi_map + area->efi_map_room;
    return parts;
}

uint64_t linux_area_size(const struct linux_area *area)
{
    return parts_of(area).end;
}

static void put(uint8_t *params, uint32_t offset, uint64_t value, size_t size)
{
    memcpy(params + offset, &value, size);
}

/* Puts it before what is in the list already. */
static void add_setup_data(const struct linux_area *area, uint64_t offset, uint32_t type, uint32_t size)
{
    struct setup_data data = {.type = type, .size = size};
    uint64_t phys = area->phys + offset;
    memcpy(&data.next, area->memory + SETUP_DATA, sizeof data.next);
    memcpy(area->memory + offset, &data, sizeof data);
    memcpy(area->memory + SETUP_DATA, &phys, sizeof phys);
}

/* --- before the firmware is left --------------------------------------------------------------------------------- */

/* Without a framebuffer, the text screen that PCs start with: Linux looks whether there is one. */
static void fill_screen(uint8_t *params, const struct boot_framebuffer *framebuffer)
{
    if (framebuffer->size == 0 || framebuffer->pitch > UINT16_MAX) {
        put(params, SCREEN_COLUMNS, 80, 1);
        put(params, SCREEN_LINES, 25, 1);
        put(params, SCREEN_KIND, SCREEN_IS_VGA, 1);
        put(params, SCREEN_POINTS, 16, 2);
        return;
    }
    const uint8_t colours[] = {framebuffer->red_size,    framebuffer->red_shift, framebuffer->green_size,
                               framebuffer->green_shift, framebuffer->blue_size, framebuffer->blue_shift};
    put(params, SCREEN_KIND, SCREEN_IS_LINEAR, 1);
    put(params, SCREEN_WIDTH, framebuffer->width, 2);
    put(params, SCREEN_HEIGHT, framebuffer->height, 2);
    put(params, SCREEN_DEPTH, framebuffer->bits_per_pixel, 2);
    put(params, SCREEN_BASE, framebuffer->phys, 4);
    put(params, SCREEN_BASE_HIGH, framebuffer->phys >> 32, 4);
    put(params, SCREEN_CAPABILITIES, SCREEN_64_BIT_BASE, 4);
    put(params, SCREEN_SIZE, (framebuffer->size + 0xffff) >> 16, 4);
    put(params, SCREEN_PITCH, framebuffer->pitch, 2);
    put(params, SCREEN_PAGES, 1, 2);
    memcpy(params + SCREEN_COLOURS, colours, sizeof colours);
}

void linux_area_fill(const struct linux_area *area, const struct linux_facts *facts)
{
    uint8_t *params = area->memory;
    struct parts parts = parts_of(area);
    uint64_t command_line = area->phys + parts.command_line;
    memset(params, 0, parts.end);
    memcpy(params + LINUX_HEADER_OFFSET, facts->plan->header, facts->plan->header_size);
    fill_screen(params, facts->framebuffer);
    put(params, RSDP, facts->rsdp_phys, 8);
    put(params, VIDEO_MODE, VIDEO_MODE_NORMAL, 2);
    put(params, LOADER_TYPE, LOADER_WITHOUT_ID, 1);
    put(params, CODE_START, facts->code_phys, 4);
    put(params, RAMDISK, facts->ramdisk_phys, 4);
    put(params, RAMDISK_HIGH, facts->ramdisk_phys >> 32, 4);
    put(params, RAMDISK_SIZE, facts->ramdisk_size, 4);
    put(params, RAMDISK_SIZE_HIGH, facts->ramdisk_size >> 32, 4);
    put(params, COMMAND_LINE, command_line, 4);
    put(params, COMMAND_LINE_HIGH, command_line >> 32, 4);
    memcpy(params + parts.command_line, facts->command_line, area->command_line_size);
    put(params, SETUP_DATA, 0, 8);
    add_setup_data(area, parts.seed, SETUP_RNG_SEED, LINUX_SEED_SIZE);
    memcpy(params + parts.seed + sizeof(struct setup_data), facts->seed, LINUX_SEED_SIZE);
}

/* --- after it ---------------------------------------------------------------------------------------------------- */

struct memmap linux_area_map(const struct linux_area *area)
{
    void *regions = area->memory + parts_of(area).regions;
    return (struct memmap){regions, 0, area->regions_room};
}

struct boot_efi linux_area_efi(const struct linux_area *area)
{
    return (struct boot_efi){.memory_map_phys = area->phys + parts_of(area).efi_map,
                             .memory_map_size = area->efi_map_room};
}

static void fill_e820(const struct linux_area *area, const struct memmap *map)
{
    uint64_t further = parts_of(area).entries;
    size_t in_page = map->count < E820_TABLE_MAX ? map->count : E820_TABLE_MAX;
    uint8_t *to = area->memory + E820_TABLE;
    put(area->memory, E820_COUNT, in_page, 1);
    for (size_t i = 0; i < map->count; i++, to += sizeof(struct e820_entry)) {
        const struct boot_memory_region *region = &map->regions[i];
        const struct e820_entry entry = {region->phys, region->size, memmap_e820_type(region->type)};
        if (i == E820_TABLE_MAX)
            to = area->memory + further + sizeof(struct setup_data);
        memcpy(to, &entry, sizeof entry);
    }
    if (map->count > in_page)
        add_setup_data(area, further, SETUP_E820_EXT, (uint32_t)((map->count - in_page) * sizeof(struct e820_entry)));
}

static void fill_efi(uint8_t *params, const struct boot_efi *efi)
{
    const uint32_t info[] = {EFI_SIGNATURE,
                             (uint32_t)efi->system_table_phys,
                             efi->descriptor_size,
                             efi->descriptor_version,
                             (uint32_t)efi->memory_map_phys,
                             (uint32_t)efi->memory_map_size,
                             (uint32_t)(efi->system_table_phys >> 32),
                             (uint32_t)(efi->memory_map_phys >> 32)};
    memcpy(params + EFI_INFO, info, sizeof info);
}

void linux_area_finish(const struct linux_area *area, const struct memmap *map, const struct boot_efi *efi)
{
    fill_e820(area, map);
    if (efi->system_table_phys != 0)
        fill_efi(area->memory, efi);
}
