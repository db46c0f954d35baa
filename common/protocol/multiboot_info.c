#include "multiboot_info.h"

#include "memory.h"

#define NO_PARTITION UINT32_MAX
#define RSDP_OLD_SIZE 20u
#define RSDP_NEW_SIZE 36u
#define RSDP_SIZE_MAX 4096u
#define ACPI_2 2u

/* --- shared by the two versions ---------------------------------------------------------------------------------- */

/* Bytes from `from` on that are usable without a hole. */
static uint64_t usable_from(const struct memmap *map, uint64_t from)
{
    uint64_t at = from;
    for (size_t i = 0; map->regions != NULL && i < map->count; i++)
        if (map->regions[i].type == BOOT_MEMORY_USABLE && map->regions[i].phys <= at &&
            at - map->regions[i].phys < map->regions[i].size)
            at = map->regions[i].phys + map->regions[i].size;
    return at - from;
}

static uint32_t kib(uint64_t bytes, uint32_t most)
{
    return bytes / 1024 < most ? (uint32_t)(bytes / 1024) : most;
}

struct multiboot_basic multiboot_basic(const struct memmap *map)
{
    return (struct multiboot_basic){kib(usable_from(map, 0), 640), kib(usable_from(map, 1u << 20), UINT32_MAX)};
}

bool multiboot_screen(const struct multiboot_facts *facts, struct multiboot_screen *screen)
{
    const struct boot_framebuffer *from = facts->framebuffer;
    *screen = (struct multiboot_screen){0xb8000, 160, 80, 25, 16, MULTIBOOT_SCREEN_TEXT, {0}};
    if (from->size == 0)
        return facts->text_screen;
    *screen = (struct multiboot_screen){
        .phys = from->phys,
        .pitch = from->pitch,
        .width = from->width,
        .height = from->height,
        .bits_per_pixel = from->bits_per_pixel,
        .type = MULTIBOOT_SCREEN_RGB,
        .colours = {from->red_shift, from->red_size, from->green_shift, from->green_size, from->blue_shift,
                    from->blue_size},
    };
    return true;
}

/* --- tags -------------------------------------------------------------------------------------------------------- */

static void put(struct multiboot_out *out, const void *data, uint64_t size)
{
    uint8_t *to = out->memory;
    if (to != NULL && data != NULL)
        memcpy(to + out->used, data, size);
    else if (to != NULL)
        memset(to + out->used, 0, size);
    out->used += size;
}

/* A tag of two parts, each perhaps without its bytes, which are zero then. Returns the place of the second; NULL: only
 * measuring. */
static uint8_t *tag(struct multiboot_out *out, uint32_t type, const void *first, uint64_t first_size,
                    const void *second, uint64_t second_size)
{
    uint64_t text = type <= MULTIBOOT_MODULE && type != MULTIBOOT_END_TAG ? 1 : 0; /* its NUL */
    if (out->places[type] == 0)
        out->places[type] = (uint32_t)(out->phys + out->used + 8);
    const uint32_t head[2] = {type, (uint32_t)(sizeof head + first_size + second_size + text)};
    put(out, head, sizeof head);
    put(out, first, first_size);
    uint8_t *place = out->memory != NULL ? out->memory + out->used : NULL;
    put(out, second, second_size);
    put(out, NULL, text);
    put(out, NULL, -out->used % 8);
    return place;
}

static void add_modules(struct multiboot_out *out, const struct payloads *payloads)
{
    for (uint32_t i = 0; i < payloads->count; i++) {
        const struct payload *payload = &payloads->list[i];
        const uint32_t range[] = {(uint32_t)payload->phys, (uint32_t)(payload->phys + payload->file.size)};
        tag(out, MULTIBOOT_MODULE, range, sizeof range, payload->arguments.text, payload->arguments.size);
    }
}

/* Version 1 has the same entries, but each behind a word with its length: where version 2 has a reserved one at the
 * end. */
static void add_memory(struct multiboot_out *out, const struct memmap *map, uint32_t length)
{
    const struct multiboot_basic basic = multiboot_basic(map);
    const uint32_t form[] = {sizeof(struct multiboot_memory), length};
    tag(out, MULTIBOOT_BASIC_MEMORY, &basic, sizeof basic, NULL, 0);
    uint8_t *to = tag(out, MULTIBOOT_MEMORY_MAP, form, sizeof form, NULL, map->count * sizeof(struct multiboot_memory));
    for (size_t i = 0; to != NULL && i < map->count; i++, to += sizeof(struct multiboot_memory)) {
        const struct boot_memory_region *region = &map->regions[i];
        const struct multiboot_memory entry = {region->phys, region->size, memmap_e820_type(region->type), length};
        memcpy(to, &entry, sizeof entry);
    }
}

static void add_screen(struct multiboot_out *out, const struct multiboot_facts *facts)
{
    struct multiboot_screen screen, head;
    const struct firmware_vbe *vbe = &facts->tables.vbe;
    if (vbe->controller != NULL && facts->framebuffer->size != 0) {
        const uint16_t form[] = {vbe->mode, 0, 0, 0}; /* no protected-mode interface */
        uint8_t *to = tag(out, MULTIBOOT_VBE, form, sizeof form, NULL, FIRMWARE_VBE_CONTROLLER + FIRMWARE_VBE_MODE);
        if (to != NULL) {
            memcpy(to, vbe->controller, FIRMWARE_VBE_CONTROLLER);
            memcpy(to + FIRMWARE_VBE_CONTROLLER, vbe->mode_info, FIRMWARE_VBE_MODE);
        }
    }
    if (!multiboot_screen(facts, &screen))
        return;
    head = screen;
    __builtin_memset(head.colours, 0, sizeof head.colours); /* two bytes are reserved, before the colours */
    tag(out, MULTIBOOT_FRAMEBUFFER, &head, offsetof(struct multiboot_screen, colours) + 2, screen.colours,
        screen.type == MULTIBOOT_SCREEN_RGB ? sizeof screen.colours : 0);
}

static void add_sections(struct multiboot_out *out, const struct multiboot_facts *facts)
{
    const struct multiboot_sections *sections = &facts->plan->sections;
    const uint32_t form[] = {sections->count, sections->entry_size, sections->names};
    if (facts->sections != NULL)
        tag(out, MULTIBOOT_SECTIONS, form, sizeof form, facts->sections,
            (uint64_t)sections->count * sections->entry_size);
}

static void add_drives(struct multiboot_out *out, const struct firmware_rom *rom)
{
    if (rom->drive_count == 0)
        return;
    uint8_t *to = tag(out, MULTIBOOT_DRIVES, NULL, 0, NULL, rom->drive_count * sizeof(struct multiboot_drive));
    for (uint32_t i = 0; to != NULL && i < rom->drive_count; i++, to += sizeof(struct multiboot_drive)) {
        const struct firmware_drive *drive = &rom->drives[i];
        const struct multiboot_drive told = {.size = sizeof told,
                                             .number = drive->number,
                                             .by_block = drive->by_block,
                                             .cylinders = drive->cylinders,
                                             .heads = drive->heads,
                                             .sectors = drive->sectors};
        memcpy(to, &told, sizeof told);
    }
}

/* SMBIOS 3.6, 5.2: both forms of the entry point. */
static void add_smbios(struct multiboot_out *out, uint64_t phys, unsigned length_at)
{
    if (phys == 0)
        return;
    const uint8_t *entry = firmware_map(phys, UINT8_MAX);
    const uint8_t version[8] = {entry[length_at + 1], entry[length_at + 2]};
    tag(out, MULTIBOOT_SMBIOS, version, sizeof version, entry, entry[length_at]);
}

/* ACPI 6.5, 5.2.5.3. What an older kernel reads of a newer table is its beginning, as far as there is an RSDT. */
static void add_rsdp(struct multiboot_out *out, uint64_t phys)
{
    uint32_t rsdt, size;
    if (phys == 0)
        return;
    const uint8_t *rsdp = firmware_map(phys, RSDP_NEW_SIZE);
    __builtin_memcpy(&rsdt, rsdp + 16, sizeof rsdt);
    if (rsdt != 0)
        tag(out, MULTIBOOT_ACPI_OLD, rsdp, RSDP_OLD_SIZE, NULL, 0);
    if (rsdp[15] < ACPI_2)
        return;
    __builtin_memcpy(&size, rsdp + 20, sizeof size);
    tag(out, MULTIBOOT_ACPI_NEW, rsdp, size >= RSDP_NEW_SIZE && size <= RSDP_SIZE_MAX ? size : RSDP_NEW_SIZE, NULL, 0);
}

static void add_efi(struct multiboot_out *out, const struct multiboot_facts *facts)
{
    const struct firmware_tables *tables = &facts->tables;
    const struct boot_efi *efi = &facts->efi;
    const uint32_t form[] = {efi->descriptor_size, efi->descriptor_version};
    if (tables->efi_system_table_phys == 0)
        return;
    tag(out, MULTIBOOT_EFI64_SYSTEM_TABLE, &tables->efi_system_table_phys, 8, NULL, 0);
    if (tables->efi_image_handle != 0)
        tag(out, MULTIBOOT_EFI64_IMAGE, &tables->efi_image_handle, 8, NULL, 0);
    if (facts->boot_services)
        tag(out, MULTIBOOT_BOOT_SERVICES, NULL, 0, NULL, 0);
    else if (efi->memory_map_size != 0)
        tag(out, MULTIBOOT_EFI_MAP, form, sizeof form, efi->memory_map, efi->memory_map_size);
}

static void add_boot_device(struct multiboot_out *out, const struct boot_disk *disk)
{
    const uint32_t device[] = {disk->bios_drive, disk->partition_number - 1, NO_PARTITION}; /* 0 - 1: none */
    if (disk->bios_drive != 0)
        tag(out, MULTIBOOT_BOOT_DEVICE, device, sizeof device, NULL, 0);
}

void multiboot_tags(struct multiboot_out *out, const struct multiboot_facts *facts, uint64_t from)
{
    const struct firmware_tables *tables = &facts->tables;
    memset(out->places, 0, sizeof out->places);
    out->used = 0;
    put(out, NULL, from);
    tag(out, MULTIBOOT_COMMAND_LINE, facts->command_line.text, facts->command_line.size, NULL, 0);
    tag(out, MULTIBOOT_LOADER_NAME, MULTIBOOT_LOADER, sizeof MULTIBOOT_LOADER - 1, NULL, 0);
    if (facts->plan->relocatable)
        tag(out, MULTIBOOT_LOAD_BASE, &facts->load_base, 4, NULL, 0);
    add_modules(out, facts->payloads);
    if (!facts->boot_services)
        add_memory(out, &facts->map, facts->plan->version == 1 ? 20 : 0);
    add_boot_device(out, facts->disk);
    add_screen(out, facts);
    add_sections(out, facts);
    if (facts->apm.version != 0)
        tag(out, MULTIBOOT_APM, &facts->apm, sizeof facts->apm, NULL, 0);
    add_drives(out, &facts->rom);
    add_smbios(out, tables->smbios_phys != tables->smbios32_phys ? tables->smbios_phys : 0, 6);
    add_smbios(out, tables->smbios32_phys, 5);
    add_rsdp(out, tables->rsdp_phys);
    add_efi(out, facts);
    if (tables->dhcp_ack_size != 0)
        tag(out, MULTIBOOT_NETWORK, tables->dhcp_ack, tables->dhcp_ack_size, NULL, 0);
    tag(out, MULTIBOOT_END_TAG, NULL, 0, NULL, 0);
}

void multiboot2_write(struct multiboot_out *out, const struct multiboot_facts *facts)
{
    multiboot_tags(out, facts, 8);
    if (out->memory != NULL)
        __builtin_memcpy(out->memory, &(uint32_t){(uint32_t)out->used}, 4);
}
