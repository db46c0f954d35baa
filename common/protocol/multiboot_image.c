/* What is loaded of the file, and where to. */
#include "multiboot.h"

#include "elf_format.h"
#include "memory.h"

#define CLASS_32 1u
#define MACHINE_386 3u
#define LOAD_FROM_START UINT32_MAX /* Multiboot2 2.0, 3.1.5 */
#define SECTIONS_MAX (1ull << 30)  /* bytes of sections, or of their headers: more is a damaged file */
#define SHT_NULL 0u
#define SHT_NOBITS 8u
#define NAMES_APART 0xffffu /* index of the section names: as the number of sections */

/* --- segments ---------------------------------------------------------------------------------------------------- */

/* Puts it where it belongs in the list. */
static enum status add_segment(const struct multiboot_segment *segment, uint64_t file_size, struct multiboot_plan *plan,
                               struct error *error)
{
    struct multiboot_segment *place = plan->segments + plan->segment_count;
    if (segment->memory_size == 0)
        return STATUS_OK;
    if (segment->file_size > segment->memory_size || !range_ok(segment->file_offset, segment->file_size, file_size) ||
        !range_ok(segment->phys, segment->memory_size, MULTIBOOT_END) || plan->segment_count == MULTIBOOT_SEGMENTS_MAX)
        return multiboot_refuse(error, "the size, place or number of the segment at", segment->phys);
    for (; place > plan->segments && place[-1].phys > segment->phys; place--)
        *place = place[-1];
    *place = *segment;
    plan->segment_count++;
    return STATUS_OK;
}

static enum status take_bounds(struct multiboot_plan *plan, struct error *error)
{
    plan->start = plan->segments[0].phys;
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct multiboot_segment *segment = &plan->segments[i];
        if (segment->phys < plan->end)
            return multiboot_refuse(error, "over another lies the segment at", segment->phys);
        plan->end = segment->phys + segment->memory_size;
    }
    return STATUS_OK;
}

enum status multiboot_image_raw(const uint32_t addresses[4], uint32_t header_offset, uint64_t file_size,
                                struct multiboot_plan *plan, struct error *error)
{
    uint32_t header = addresses[0], load = addresses[1], load_end = addresses[2], bss_end = addresses[3];
    if (load == LOAD_FROM_START)
        load = header - header_offset;
    if (header - load > header_offset)
        return multiboot_refuse(error, "the load address", load);
    struct multiboot_segment segment = {.phys = load, .file_offset = header_offset - (header - load)};
    segment.file_size = load_end != 0 ? (uint64_t)load_end - load : file_size - segment.file_offset;
    segment.memory_size = bss_end != 0 ? (uint64_t)bss_end - load : segment.file_size;
    enum status status = add_segment(&segment, file_size, plan, error);
    return status == STATUS_OK ? take_bounds(plan, error) : status;
}

/* --- an ELF file ------------------------------------------------------------------------------------------------- */

/* Its two forms have addresses of 4 or 8 bytes, so that most fields lie elsewhere: here, as offsets of the narrow form
 * and of the wide one. */
static const struct {
    uint8_t program_headers, section_headers, sizes;         /* in the file header */
    uint8_t program_header_size, segment;                    /* in a program header: five fields in a row */
    uint8_t section_header_size, section, section_alignment; /* in a section header: address, offset, size */
} forms[] = {{28, 32, 42, 32, 4, 40, 12, 32}, {32, 40, 54, 56, 8, 64, 16, 48}};

static uint32_t load16(const uint8_t *at)
{
    uint16_t value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

/* The index-th of addresses in a row. */
static uint64_t address_at(const uint8_t *at, bool wide, unsigned index)
{
    at += index * (wide ? 8u : 4u);
    return wide ? load32(at) | (uint64_t)load32(at + 4) << 32 : load32(at);
}

/* The segment's physical address, and the entry point with it: ELF has that at the virtual one. */
static enum status take_program_header(const uint8_t *header, uint64_t entry, uint64_t file_size,
                                       struct multiboot_plan *plan, struct error *error)
{
    const uint8_t *fields = header + forms[plan->wide].segment;
    uint64_t address = address_at(fields, plan->wide, 1);
    const struct multiboot_segment segment = {.phys = address_at(fields, plan->wide, 2),
                                              .memory_size = address_at(fields, plan->wide, 4),
                                              .file_offset = address_at(fields, plan->wide, 0),
                                              .file_size = address_at(fields, plan->wide, 3)};
    if (load32(header) != ELF_PT_LOAD)
        return STATUS_OK;
    if (entry - address < segment.memory_size)
        plan->entry = entry - address + segment.phys;
    return add_segment(&segment, file_size, plan, error);
}

static enum status check_section_headers(const struct multiboot_sections *sections, uint64_t file_size,
                                         struct error *error)
{
    uint64_t size = (uint64_t)sections->count * sections->entry_size;
    if (size > SECTIONS_MAX || !range_ok(sections->offset, size, file_size))
        return multiboot_refuse(error, "the offset of section headers", sections->offset);
    return STATUS_OK;
}

/* Section headers of another size than they should have are not looked at. */
static enum status take_section_headers(const uint8_t *header, uint64_t file_size, struct multiboot_plan *plan,
                                        struct error *error)
{
    struct multiboot_sections *sections = &plan->sections;
    const uint8_t *sizes = header + forms[plan->wide].sizes; /* of program headers, their number; of sections */
    sections->offset = address_at(header + forms[plan->wide].section_headers, plan->wide, 0);
    sections->entry_size = load16(sizes + 4);
    sections->names = load16(sizes + 8);
    if (sections->entry_size == forms[plan->wide].section_header_size && sections->offset != 0)
        sections->count = load16(sizes + 6);
    if (sections->count == 0 && (sections->entry_size != forms[plan->wide].section_header_size ||
                                 !range_ok(sections->offset, sections->entry_size, file_size)))
        sections->offset = 0; /* nor is there one that counts them */
    return check_section_headers(sections, file_size, error);
}

enum status multiboot_image_elf(struct span head, uint64_t file_size, struct multiboot_plan *plan, struct error *error)
{
    const uint8_t *data = head.data;
    struct span table;
    if (head.size < sizeof(struct elf_file_header) || load32(data) != ELF_MAGIC_WORD)
        return multiboot_refuse(error, "neither addresses in the header nor an ELF file: size", head.size);
    plan->wide = data[4] == ELF_CLASS_64;
    if ((!plan->wide && data[4] != CLASS_32) || data[5] != ELF_DATA_LITTLE_ENDIAN ||
        load16(data + 18) != (plan->wide ? ELF_MACHINE_X86_64 : MACHINE_386) || load16(data + 16) - 2 > 1)
        return multiboot_refuse(error, "the ELF file's class, machine or type", load32(data + 16));
    uint64_t entry = address_at(data + 24, plan->wide, 0);
    uint64_t at = address_at(data + forms[plan->wide].program_headers, plan->wide, 0);
    uint32_t size = load16(data + forms[plan->wide].sizes), count = load16(data + forms[plan->wide].sizes + 2);
    if (size != forms[plan->wide].program_header_size || !span_part(head, at, count * size, &table))
        return multiboot_refuse(error, "beyond 32 KiB or of wrong size: the offset of program headers", at);
    plan->entry = MULTIBOOT_END; /* until a segment has it */
    enum status status = take_section_headers(data, file_size, plan, error);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
        status = take_program_header(table.data + i * size, entry, file_size, plan, error);
    return status == STATUS_OK ? take_bounds(plan, error) : status;
}

/* --- sections ---------------------------------------------------------------------------------------------------- */

enum status multiboot_sections_count(const uint8_t *header, uint64_t file_size, struct multiboot_plan *plan,
                                     struct error *error)
{
    struct multiboot_sections *sections = &plan->sections;
    const uint8_t *fields =
        header + forms[plan->wide].section; /* behind the size: the link, which is the names' index */
    uint64_t count = address_at(fields, plan->wide, 2);
    if (load32(header + 4) != SHT_NULL)
        return STATUS_OK;
    if (count > UINT32_MAX)
        return multiboot_refuse(error, "the number of sections", count);
    sections->count = (uint32_t)count;
    if (sections->names == NAMES_APART)
        sections->names = load32(fields + (plan->wide ? 24 : 12));
    return check_section_headers(sections, file_size, error);
}

bool multiboot_section_at(const struct multiboot_plan *plan, const uint8_t *headers, uint32_t index,
                          struct multiboot_section *section)
{
    const uint8_t *header = headers + index * plan->sections.entry_size;
    const uint8_t *fields = header + forms[plan->wide].section;
    uint64_t alignment = address_at(header + forms[plan->wide].section_alignment, plan->wide, 0);
    section->offset = address_at(fields, plan->wide, 1);
    section->size = address_at(fields, plan->wide, 2);
    section->alignment = is_power_of_two(alignment) && alignment < PAGE_SIZE ? alignment : PAGE_SIZE;
    section->address_field = (uint32_t)(fields - headers);
    return load32(header + 4) != SHT_NOBITS && address_at(fields, plan->wide, 0) == 0 && section->size != 0;
}

enum status multiboot_sections_measure(const uint8_t *headers, uint32_t count, uint64_t file_size,
                                       struct multiboot_plan *plan, struct error *error)
{
    uint64_t *size = &plan->sections.size;
    for (uint32_t i = 0; i < count; i++) {
        struct multiboot_section section;
        if (!multiboot_section_at(plan, headers, i, &section))
            continue;
        uint64_t start = align_down(*size + section.alignment - 1, section.alignment);
        if (!range_ok(section.offset, section.size, file_size) || !range_ok(start, section.size, SECTIONS_MAX))
            return multiboot_refuse(error, "too big or not in the file: the offset of the section", section.offset);
        *size = start + section.size;
    }
    return STATUS_OK;
}
