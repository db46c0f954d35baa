/* What must be true of the machine's state and of the information, on every machine. */
#include "kernel.h"

extern const uint8_t link_start[], bss_end[];

static uint32_t fnv1a(const uint8_t *data, uint32_t size)
{
    uint32_t hash = 0x811c9dc5u;
    while (size-- > 0)
        hash = (hash ^ *data++) * 0x01000193u;
    return hash;
}

static uint8_t sum(const uint8_t *data, uint32_t size)
{
    uint8_t total = 0;
    while (size-- > 0)
        total = (uint8_t)(total + *data++);
    return total;
}

static bool same(const uint8_t *data, const char *text)
{
    for (; *text != '\0'; text++)
        if (*data++ != (uint8_t)*text)
            return false;
    return true;
}

/* --- registers --------------------------------------------------------------------------------------------------- */

static uint32_t limit_of(uint32_t selector)
{
    uint32_t limit = 0;
    __asm__("lsl %1, %0" : "+r"(limit) : "r"(selector));
    return limit;
}

void check_entry(const struct entry_state *state)
{
    const uint32_t data[] = {state->ds, state->es, state->fs, state->gs, state->ss};
    uint32_t rights = 0;
    check((state->cr0 & 0x80000001u) == 1, "paging is on, or protection off");
    check((state->cr4 & 0x20) == 0, "PAE is on");
    check((state->eflags & 0x20200) == 0, "IF or VM is set");
    check(limit_of(state->cs) == 0xffffffff, "CS has no 4 GiB");
    __asm__("lar %1, %0" : "+r"(rights) : "r"(state->cs));
    check((rights & 0x00409a00) == 0x00409a00 && (rights & 0x00200000) == 0, "CS is no 32-bit code segment");
    for (unsigned i = 0; i < 5; i++) {
        __asm__("lar %1, %0" : "+r"(rights) : "r"(data[i]));
        check(limit_of(data[i]) == 0xffffffff && (rights & 0x00409a00) == 0x00409200, "a data segment is not flat");
    }
    volatile uint32_t *low = (volatile uint32_t *)0x7000, *high = (volatile uint32_t *)0x107000;
    uint32_t kept = *high;
    *low = 0x1234;
    *high = 0x4321;
    check(*low == 0x1234, "A20 is off");
    *high = kept;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static bool is_free(const struct facts *facts, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < facts->range_count; i++) {
        const struct range *range = &facts->ranges[i];
        if (range->type == 1 && range->start <= start && start < range->start + range->size)
            start = range->start + range->size;
    }
    return start >= end;
}

static void check_map(const struct facts *facts)
{
    uint32_t lower = 0, upper = 0;
    check(facts->range_count > 2 && facts->range_count < RANGES_MAX, "there is no memory map");
    for (uint32_t i = 0; i < facts->range_count; i++) {
        const struct range *range = &facts->ranges[i];
        say("MAP %X %X %u\n", range->start, range->size, range->type);
        check(range->size != 0 && range->start + range->size > range->start, "a range is empty");
        check(i == 0 || range->start >= range[-1].start + range[-1].size, "ranges overlap, or are not in order");
        check(range->type >= 1 && range->type <= 7, "a range has an unknown type");
        if (range->type == 1 && range->start == 0)
            lower = (uint32_t)(range->size >> 10);
        if (range->type == 1 && range->start <= 0x100000 && range->start + range->size > 0x100000)
            upper = (uint32_t)((range->start + range->size - 0x100000) >> 10);
    }
    check(facts->has_basic && facts->lower == lower && facts->upper == upper && upper != 0,
          "lower and upper memory are not those of the map");
}

struct area {
    uint32_t start, end;
    const char *what;
};

/* All that the loader left is memory that the map calls free, and nothing of it lies over another. */
static void check_areas(const struct facts *facts)
{
    static struct area areas[MODULES_MAX + 4];
    unsigned count = 0;
    areas[count++] = (struct area){(uint32_t)link_start, (uint32_t)bss_end, "kernel"};
    areas[count++] = (struct area){facts->info_start, facts->info_end, "information"};
    for (uint32_t i = 0; i < facts->module_count; i++)
        areas[count++] = (struct area){facts->modules[i].start, facts->modules[i].end, "module"};
    for (unsigned i = 0; i < count; i++) {
        if (facts->range_count != 0 && !is_free(facts, areas[i].start, areas[i].end)) {
            say("%s %x-%x\n", areas[i].what, areas[i].start, areas[i].end);
            check(false, "something lies in memory that is not free");
        }
        for (unsigned other = 0; other < i; other++)
            check(areas[i].start >= areas[other].end || areas[other].start >= areas[i].end, "things overlap");
    }
}

static void check_modules(const struct facts *facts)
{
    for (uint32_t i = 0; i < facts->module_count; i++) {
        const struct module *module = &facts->modules[i];
        check(module->start % 4096 == 0, "a module does not begin with a page");
        say("MODULE %u %x [%s]\n", module->end - module->start, fnv1a(at(module->start), module->end - module->start),
            module->text);
    }
}

/* --- the kernel's own sections ------------------------------------------------------------------------------------ */

struct symbol_table {
    const uint8_t *symbols;
    const char *names;
    uint32_t size, step;
};

/* ELF's two forms differ in where things are. */
static uint32_t field(const uint8_t *header, bool wide, uint32_t narrow_offset, uint32_t wide_offset)
{
    return load32(header + (wide ? wide_offset : narrow_offset));
}

static bool find_symbols(const struct facts *facts, struct symbol_table *table)
{
    bool wide = facts->section_size == 64;
    for (uint32_t i = 0; i < facts->section_count; i++) {
        const uint8_t *header = facts->sections + i * facts->section_size;
        if (load32(header + 4) != 2)
            continue;
        const uint8_t *names = facts->sections + field(header, wide, 24, 40) * facts->section_size;
        table->symbols = at(field(header, wide, 12, 16));
        table->size = field(header, wide, 20, 32);
        table->step = wide ? 24 : 16;
        table->names = (const char *)at(field(names, wide, 12, 16));
        return table->symbols != NULL && table->names != NULL;
    }
    return false;
}

/* What no segment loads lies somewhere all the same. */
static void check_contents(const struct facts *facts)
{
    bool wide = facts->section_size == 64;
    uint32_t number = 0;
    for (uint32_t i = 1; i < facts->section_count; i++) {
        const uint8_t *header = facts->sections + i * facts->section_size;
        const uint8_t *content = at(field(header, wide, 12, 16));
        uint32_t size = field(header, wide, 20, 32);
        check(load32(header + 4) == 8 || size == 0 || content != NULL, "a section was not loaded");
        if (load32(header + 4) != 1 || size != 4 || (load32(content) & 0xffff0000) != 0x79a40000)
            continue;
        check((load32(content) & 0xffff) == number, "a section has another's content");
        number++;
    }
    if (number != 0)
        say("APART %u\n", number);
}

static void check_sections(const struct facts *facts, const struct entry_state *state)
{
    struct symbol_table table;
    bool found = false;
    if (facts->sections == NULL)
        return;
    check(facts->section_size == 40 || facts->section_size == 64, "section headers have an unknown size");
    check(facts->section_names < facts->section_count, "the section of names is none");
    if (!find_symbols(facts, &table)) {
        check(false, "there is no symbol table");
        return;
    }
    for (uint32_t offset = 0; offset + table.step <= table.size; offset += table.step) {
        const uint8_t *symbol = table.symbols + offset;
        uint32_t value = load32(symbol + (table.step == 24 ? 8 : 4));
        if (same((const uint8_t *)table.names + load32(symbol), "check_facts"))
            found |= value + state->moved == (uint32_t)check_facts;
    }
    check_contents(facts);
    check(found, "the symbol check_facts is not at its place");
    say("SECTIONS %u of %u bytes\n", facts->section_count, facts->section_size);
}

/* --- firmware ---------------------------------------------------------------------------------------------------- */

static void check_tables(const struct facts *facts)
{
    if (facts->rsdp_old != NULL)
        check(same(facts->rsdp_old, "RSD PTR ") && sum(facts->rsdp_old, 20) == 0, "the old RSDP is none");
    if (facts->rsdp_new != NULL)
        check(same(facts->rsdp_new, "RSD PTR ") && facts->rsdp_new_size == load32(facts->rsdp_new + 20) &&
                  sum(facts->rsdp_new, facts->rsdp_new_size) == 0,
              "the new RSDP is none");
    for (uint32_t i = 0; i < facts->smbios_count; i++) {
        const uint8_t *entry = facts->smbios[i];
        bool is_new = same(entry, "_SM3_");
        check((is_new || same(entry, "_SM_")) && sum(entry, entry[is_new ? 6 : 5]) == 0,
              "SMBIOS's entry point is none");
        check(entry[-8] == entry[is_new ? 7 : 6], "SMBIOS's version is not that of its entry point");
    }
}

static void check_efi(const struct facts *facts, const struct entry_state *state)
{
    uint32_t runtime = 0;
    check(facts->boot_services == (state->boot_services != 0), "boot services were kept, or left, against the word");
    check(facts->boot_services == (facts->efi_image != 0), "the image handle does not go with the boot services");
    if (facts->efi_system_table != 0)
        check(facts->efi_system_table < 0x100000000u && same(at((uint32_t)facts->efi_system_table), "IBI SYST"),
              "EFI's system table is none");
    if (facts->efi_map == NULL)
        return;
    check(facts->efi_step >= 40 && facts->efi_map_size % facts->efi_step == 0, "EFI's memory map has an odd size");
    for (uint32_t offset = 0; offset < facts->efi_map_size; offset += facts->efi_step)
        runtime += load32(facts->efi_map + offset) == 6; /* EfiRuntimeServicesData */
    check(runtime != 0, "EFI's memory map has no runtime services");
}

static void check_screen(const struct facts *facts)
{
    const struct screen *screen = &facts->screen;
    if (facts->vbe_controller != NULL)
        check(same(facts->vbe_controller, "VESA") && facts->has_screen && screen->type == 1 &&
                  load32(facts->vbe_mode + 40) == (uint32_t)screen->phys,
              "VBE's words are not those of the framebuffer");
    if (!facts->has_screen)
        return;
    say("SCREEN %u %ux%u, %u bits\n", screen->type, screen->width, screen->height, screen->bits);
    if (screen->phys + screen->pitch > UINT32_MAX)
        return;
    volatile uint32_t *pixel = (volatile uint32_t *)(uint32_t)screen->phys;
    pixel[1] = 0x07410742; /* two characters, or a colour */
    check(pixel[1] == 0x07410742, "the screen's memory does not keep what is written");
    check(screen->pitch >= screen->width * screen->bits / 8, "the screen's lines overlap");
    if (screen->type == 1)
        check(screen->colours[1] == 8 && screen->colours[3] == 8 && screen->colours[5] == 8 && screen->colours[2] == 8,
              "the screen's colours are not of 8 bits");
    else
        check(screen->type == 2 && screen->phys == 0xb8000 && screen->width == 80 && screen->height == 25 &&
                  screen->bits == 16,
              "the screen is not the PC's text");
}

void check_facts(const struct facts *facts, const struct entry_state *state)
{
    check(facts->command_line != NULL && facts->loader != NULL && same((const uint8_t *)facts->loader, "Stagecoach "),
          "command line or loader's name are missing");
    say("VERSION %u, tags %x\nCMDLINE [%s]\n", facts->version, facts->tags,
        facts->command_line != NULL ? facts->command_line : "");
    say("LIES AT %x, moved by %x\n", (uint32_t)link_start, state->moved);
    if (facts->has_load_base)
        check(facts->load_base == (uint32_t)link_start, "the load base is another than where the kernel lies");
    if (!facts->boot_services)
        check_map(facts);
    if (facts->has_boot_device)
        say("BIOS DRIVE %x\n", facts->boot_device);
    check_areas(facts);
    check_modules(facts);
    check_sections(facts, state);
    check_tables(facts);
    check_efi(facts, state);
    check_screen(facts);
    check_bios(facts);
    if (facts->dhcp_ack != NULL)
        say("DHCP %u bytes, magic %x\n", facts->dhcp_ack_size, load32(facts->dhcp_ack + 236));
}
