/* The two forms of the information, read into one (Multiboot 0.6.96, 3.3; Multiboot2 2.0, 3.6). */
#include "kernel.h"

static const char *text_at(uint32_t address)
{
    return (const char *)address;
}

/* --- version 1 --------------------------------------------------------------------------------------------------- */

static void read_map1(uint32_t address, uint32_t size, struct facts *facts)
{
    const uint8_t *entry = at(address), *end = entry + size;
    for (; entry < end && facts->range_count < RANGES_MAX; entry += load32(entry) + 4)
        facts->ranges[facts->range_count++] = (struct range){load64(entry + 4), load64(entry + 12), load32(entry + 20)};
    check(entry == end, "the memory map's last entry does not end with it");
}

static void read_modules1(const uint8_t *list, uint32_t count, struct facts *facts)
{
    for (uint32_t i = 0; i < count && i < MODULES_MAX; i++, list += 16)
        facts->modules[facts->module_count++] =
            (struct module){load32(list), load32(list + 4), text_at(load32(list + 8))};
}

void read_version1(uint32_t address, struct facts *facts)
{
    const uint8_t *info = at(address);
    uint32_t flags = load32(info);
    facts->version = 1;
    facts->info_start = address;
    facts->info_end = address + 116;
    facts->tags = flags;
    check((flags & ~0x1fefu) == 0, "flags say of more than there is");
    facts->has_basic = (flags & 1) != 0;
    facts->lower = load32(info + 4);
    facts->upper = load32(info + 8);
    facts->has_boot_device = (flags & 2) != 0;
    facts->boot_device = load32(info + 12) >> 24;
    facts->command_line = (flags & 4) != 0 ? text_at(load32(info + 16)) : NULL;
    if ((flags & 8) != 0)
        read_modules1(at(load32(info + 24)), load32(info + 20), facts);
    if ((flags & 0x20) != 0) {
        facts->section_count = load32(info + 28);
        facts->section_size = load32(info + 32);
        facts->sections = at(load32(info + 36));
        facts->section_names = load32(info + 40);
    }
    if ((flags & 0x40) != 0)
        read_map1(load32(info + 48), load32(info + 44), facts);
    if ((flags & 0x80) != 0) {
        facts->drives_size = load32(info + 52);
        facts->drives = at(load32(info + 56));
    }
    facts->configuration = (flags & 0x100) != 0 ? load32(info + 60) : 0;
    facts->apm = (flags & 0x400) != 0 ? at(load32(info + 68)) : NULL;
    facts->loader = (flags & 0x200) != 0 ? text_at(load32(info + 64)) : NULL;
    if ((flags & 0x800) != 0) {
        facts->vbe_controller = at(load32(info + 72));
        facts->vbe_mode = at(load32(info + 76));
    }
    facts->has_screen = (flags & 0x1000) != 0;
    memcpy(&facts->screen, info + 88, sizeof facts->screen);
}

/* --- version 2 --------------------------------------------------------------------------------------------------- */

static void read_map2(const uint8_t *tag, uint32_t size, struct facts *facts)
{
    uint32_t step = load32(tag + 8);
    check(step >= 24 && load32(tag + 12) == 0, "the memory map has an unknown form");
    for (uint32_t offset = 16; step >= 24 && offset + step <= size && facts->range_count < RANGES_MAX; offset += step)
        facts->ranges[facts->range_count++] =
            (struct range){load64(tag + offset), load64(tag + offset + 8), load32(tag + offset + 16)};
}

static void read_screen2(const uint8_t *tag, uint32_t size, struct facts *facts)
{
    facts->has_screen = true;
    memcpy(&facts->screen, tag + 8, 22);
    if (facts->screen.type == 1 && size >= 38)
        memcpy(facts->screen.colours, tag + 32, 6);
    check(size == (facts->screen.type == 1 ? 38 : 32), "the framebuffer's tag has another size than it should");
}

static void read_sections2(const uint8_t *tag, struct facts *facts)
{
    facts->section_count = load32(tag + 8);
    facts->section_size = load32(tag + 12);
    facts->section_names = load32(tag + 16);
    facts->sections = tag + 20;
}

static void read_tag(const uint8_t *tag, uint32_t type, uint32_t size, struct facts *facts)
{
    switch (type) {
    case 1:
        facts->command_line = (const char *)tag + 8;
        break;
    case 2:
        facts->loader = (const char *)tag + 8;
        break;
    case 3:
        if (facts->module_count < MODULES_MAX)
            facts->modules[facts->module_count++] =
                (struct module){load32(tag + 8), load32(tag + 12), (const char *)tag + 16};
        break;
    case 4:
        facts->has_basic = true;
        facts->lower = load32(tag + 8);
        facts->upper = load32(tag + 12);
        break;
    case 5:
        facts->has_boot_device = true;
        facts->boot_device = load32(tag + 8);
        break;
    case 6:
        read_map2(tag, size, facts);
        break;
    case 7:
        check(size == 784, "the VBE tag has another size than it should");
        facts->vbe_controller = tag + 16;
        facts->vbe_mode = tag + 528;
        break;
    case 8:
        read_screen2(tag, size, facts);
        break;
    case 9:
        read_sections2(tag, facts);
        break;
    case 10:
        check(size == 28, "the APM tag has another size than it should");
        facts->apm = tag + 8;
        break;
    case 12:
        facts->efi_system_table = load64(tag + 8);
        break;
    case 13:
        if (facts->smbios_count < 2)
            facts->smbios[facts->smbios_count++] = tag + 16;
        break;
    case 14:
        facts->rsdp_old = tag + 8;
        break;
    case 15:
        facts->rsdp_new = tag + 8;
        facts->rsdp_new_size = size - 8;
        break;
    case 16:
        facts->dhcp_ack = tag + 8;
        facts->dhcp_ack_size = size - 8;
        break;
    case 17:
        facts->efi_map = tag + 16;
        facts->efi_map_size = size - 16;
        facts->efi_step = load32(tag + 8);
        break;
    case 18:
        facts->boot_services = true;
        break;
    case 20:
        facts->efi_image = load64(tag + 8);
        break;
    case 21:
        facts->has_load_base = true;
        facts->load_base = load32(tag + 8);
        break;
    default:
        check(false, "a tag of unknown type");
        break;
    }
}

void read_version2(uint32_t address, struct facts *facts)
{
    uint32_t size = load32(at(address)), offset = 8, type, length = 0;
    facts->version = 2;
    facts->info_start = address;
    facts->info_end = address + size;
    check(address % 8 == 0 && size % 8 == 0 && size >= 16, "the information is not aligned");
    for (;; offset += (length + 7) & ~7u) {
        type = load32(at(address + offset));
        length = load32(at(address + offset + 4));
        if (offset + 8 > size || length < 8 || length > size - offset) {
            check(false, "a tag goes beyond the information's end");
            return;
        }
        if (type == 0)
            break;
        check(type > 31 || type == 3 || type == 13 || (facts->tags & 1u << type) == 0, "a tag came twice");
        facts->tags |= 1u << (type & 31);
        read_tag(at(address + offset), type, length, facts);
    }
    check(length == 8 && offset + 8 == size, "the last tag is not the last");
}
