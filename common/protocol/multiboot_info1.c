/* Version 1 (Multiboot Specification 0.6.96, 3.3): a structure whose pointers lead into the tags of version 2, which
 * have the same bytes. */
#include "memory.h"
#include "multiboot_info.h"

enum {                     /* flags */
       HAS_ALWAYS = 0x24d, /* memory, command line, modules, memory map, loader's name */
       HAS_BOOT_DEVICE = 1u << 1,
       HAS_SECTIONS = 1u << 5,
       HAS_DRIVES = 1u << 7,
       HAS_CONFIGURATION = 1u << 8,
       HAS_APM = 1u << 10,
       HAS_VBE = 1u << 11,
       HAS_SCREEN = 1u << 12,
};

struct module {
    uint32_t start, end, text, reserved;
};

struct information {
    uint32_t flags;
    struct multiboot_basic memory;
    uint32_t boot_device, command_line;
    uint32_t module_count, modules;
    uint32_t section_count, section_size, sections, section_names;
    uint32_t map_size, map;
    uint32_t drives_size, drives, configuration, loader_name, apm;
    uint32_t vbe_controller, vbe_mode_info;
    uint16_t vbe_mode, vbe_interface[3];
    struct multiboot_screen screen;
    uint32_t unused;
    struct module list[];
} __attribute__((packed));
_Static_assert(offsetof(struct information, unused) == 116, "Multiboot 0.6.96, 3.3");

static void list_modules(struct information *info, const struct payloads *payloads, uint32_t place)
{
    for (uint32_t i = 0; i < payloads->count; i++) {
        const struct payload *payload = &payloads->list[i];
        info->list[i] = (struct module){
            .start = (uint32_t)payload->phys, .end = (uint32_t)(payload->phys + payload->file.size), .text = place + 8};
        place += multiboot_tag_size(8 + payload->arguments.size + 1);
    }
}

/* What a BIOS told, and for that matter nobody else. */
static void fill_bios(struct information *info, const uint32_t *places, const struct firmware_rom *rom)
{
    info->drives_size = rom->drive_count * (uint32_t)sizeof(struct multiboot_drive);
    info->drives = places[MULTIBOOT_DRIVES];
    info->configuration = rom->configuration_phys;
    info->apm = places[MULTIBOOT_APM];
    info->flags |= (info->drives != 0 ? HAS_DRIVES : 0) | (info->configuration != 0 ? HAS_CONFIGURATION : 0) |
                   (info->apm != 0 ? HAS_APM : 0);
}

static void fill(struct information *info, const struct multiboot_out *out, const struct multiboot_facts *facts)
{
    const struct multiboot_sections *sections = &facts->plan->sections;
    const uint32_t *places = out->places;
    info->flags = HAS_ALWAYS;
    info->memory = multiboot_basic(&facts->map);
    info->command_line = places[MULTIBOOT_COMMAND_LINE];
    info->loader_name = places[MULTIBOOT_LOADER_NAME];
    info->module_count = facts->payloads->count;
    info->modules = (uint32_t)(out->phys + offsetof(struct information, list));
    list_modules(info, facts->payloads, places[MULTIBOOT_MODULE]);
    info->map = places[MULTIBOOT_MEMORY_MAP] + 4; /* the word before an entry says how long it is */
    info->map_size = (uint32_t)(facts->map.count * sizeof(struct multiboot_memory));
    if (places[MULTIBOOT_BOOT_DEVICE] !=
        0) { /* drive, partition from 0, and no partitions in that: highest byte first */
        info->flags |= HAS_BOOT_DEVICE;
        info->boot_device = facts->disk->bios_drive << 24 | ((facts->disk->partition_number - 1) & 0xff) << 16 | 0xffff;
    }
    if (places[MULTIBOOT_SECTIONS] != 0) {
        info->flags |= HAS_SECTIONS;
        info->section_count = sections->count;
        info->section_size = sections->entry_size;
        info->section_names = sections->names;
        info->sections = places[MULTIBOOT_SECTIONS] + 12;
    }
    fill_bios(info, places, &facts->rom);
    if (places[MULTIBOOT_VBE] != 0) {
        info->flags |= HAS_VBE;
        info->vbe_controller = places[MULTIBOOT_VBE] + 8;
        info->vbe_mode_info = info->vbe_controller + FIRMWARE_VBE_CONTROLLER;
        info->vbe_mode = facts->tables.vbe.mode;
    }
    if (multiboot_screen(facts, &info->screen))
        info->flags |= HAS_SCREEN;
}

void multiboot1_write(struct multiboot_out *out, const struct multiboot_facts *facts)
{
    multiboot_tags(out, facts, sizeof(struct information) + facts->payloads->count * sizeof(struct module));
    if (out->memory != NULL)
        fill((struct information *)out->memory, out, facts);
}
