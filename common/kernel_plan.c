#include "kernel_plan.h"

#include "elf_dynamic.h"
#include "elf_sections.h"
#include "large.h"
#include "memory.h"
#include "pe.h"
#include "protocol/bootloader_api.h"

/* What of the file is at hand: its head, and one piece from further on at a time. */
LARGE("kernel_head") static struct {
    uint8_t head[ELF_HEAD_SIZE];
    uint8_t far[KERNEL_HEAD_MAX];
} room;

/* While sections are searched, the end of the far piece holds their names. */
#define NAMES_SIZE (KERNEL_HEAD_MAX / 4)
#define NAMES (room.far + KERNEL_HEAD_MAX - NAMES_SIZE)

struct reader {
    const struct file_source *source;
    struct span head;
    struct error *error;
};

/* The file range [offset, offset + size), checked to lie inside the file and to fit; overwrites the last far piece. */
static enum status fetch(const struct reader *reader, uint64_t offset, uint64_t size, struct span *bytes)
{
    if (span_part(reader->head, offset, size, bytes))
        return STATUS_OK;
    enum status status = reader->source->read(reader->source->context, offset, size, room.far, reader->error);
    if (status == STATUS_OK)
        *bytes = (struct span){.data = room.far, .size = size};
    return status;
}

static enum status read_head(struct reader *reader)
{
    uint64_t size = reader->source->size < ELF_HEAD_SIZE ? reader->source->size : ELF_HEAD_SIZE;
    if (size == 0)
        return error_set(reader->error, STATUS_FILE_EMPTY, "is empty; put a kernel there");
    enum status status = reader->source->read(reader->source->context, 0, size, room.head, reader->error);
    if (status == STATUS_OK)
        reader->head = (struct span){.data = room.head, .size = size};
    return status;
}

static enum status plan_elf(struct reader *reader, struct elf_plan *plan)
{
    struct elf_range range;
    struct span table;
    enum status status = elf_headers_find(reader->head, reader->source->size, &range, reader->error);
    if (status != STATUS_OK)
        return status;
    if (range.size > KERNEL_HEAD_MAX)
        return error_set(reader->error, STATUS_ELF_HEADERS, "has %llu program headers, but at most %llu can be read",
                         (unsigned long long)(range.size / 56), (unsigned long long)(KERNEL_HEAD_MAX / 56));
    status = fetch(reader, range.address, range.size, &table);
    if (status != STATUS_OK)
        return status;
    /* Whether W and X may meet is in a note, which the plan finds: checked once that is read. */
    return elf_plan_from(reader->head, table, reader->source->size, true, plan, reader->error);
}

/* Where the file has the dynamic section: its part before the segment's zero-filled rest. */
static struct elf_range dynamic_in_file(const struct elf_plan *plan)
{
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        uint64_t offset = plan->dynamic.address - segment->address;
        if (plan->dynamic.address < segment->address || offset >= segment->file_size)
            continue;
        uint64_t size = segment->file_size - offset;
        if (size > plan->dynamic.size)
            size = plan->dynamic.size;
        return (struct elf_range){.address = segment->file_offset + offset, .size = size};
    }
    return (struct elf_range){0};
}

/* An interpreter is named by every -pie link; only one that has libraries to load would have something to do. Looked up
 * here, before anything is loaded, so that imgtool refuses such a program too. */
static enum status check_interpreter(const struct reader *reader, const struct elf_plan *plan)
{
    if (!plan->interpreter || plan->dynamic.size == 0)
        return STATUS_OK;
    struct elf_range range = dynamic_in_file(plan);
    struct span section;
    if (range.size > KERNEL_HEAD_MAX)
        range.size = KERNEL_HEAD_MAX;
    enum status status = fetch(reader, range.address, range.size, &section);
    return status != STATUS_OK ? status : elf_dynamic_check_needed(section, reader->error);
}

static enum status find_boot_note(const struct reader *reader, const struct elf_plan *plan, struct span *descriptor)
{
    *descriptor = (struct span){0};
    for (uint32_t i = 0; i < plan->note_count && descriptor->data == NULL; i++) {
        struct span notes;
        if (plan->note_size[i] > KERNEL_HEAD_MAX)
            return error_set(reader->error, STATUS_ELF_NOTE, "has a PT_NOTE of %llu bytes, but at most %u can be read",
                             (unsigned long long)plan->note_size[i], KERNEL_HEAD_MAX);
        enum status status = fetch(reader, plan->note_offset[i], plan->note_size[i], &notes);
        if (status == STATUS_OK)
            status = elf_note_find(notes, plan->note_alignment[i], BOOT_NOTE_NAME, BOOT_NOTE_CONFIG, descriptor,
                                   reader->error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The section that configures a bootloader_api kernel; empty if there is none. */
static enum status find_api_section(const struct reader *reader, struct span *section)
{
    struct elf_range range;
    struct span headers, names = {NAMES, 0};
    uint64_t file_size = reader->source->size;
    *section = (struct span){0};
    enum status status = elf_sections_find(reader->head, file_size, &range, reader->error);
    if (status != STATUS_OK || range.size == 0 || range.size > KERNEL_HEAD_MAX - NAMES_SIZE)
        return status;
    status = fetch(reader, range.address, range.size, &headers);
    if (status == STATUS_OK)
        status = elf_section_names_find(reader->head, headers, file_size, &range, reader->error);
    if (status == STATUS_OK && range.size <= NAMES_SIZE) {
        names.size = range.size;
        status = reader->source->read(reader->source->context, range.address, range.size, NAMES, reader->error);
    }
    if (status == STATUS_OK)
        status = elf_section_find(headers, names, BOOTLOADER_API_SECTION, file_size, &range, reader->error);
    if (status != STATUS_OK || range.size == 0)
        return status;
    if (range.size > KERNEL_HEAD_MAX)
        range.size = KERNEL_HEAD_MAX; /* no form has this length either */
    return fetch(reader, range.address, range.size, section);
}

static enum status read_api_wishes(const struct reader *reader, struct kernel_plan *plan)
{
    struct span section;
    struct boot_config config;
    enum status status = find_api_section(reader, &section);
    if (status != STATUS_OK)
        return status;
    if (section.size == 0)
        return error_set(reader->error, STATUS_NO_PROTOCOL,
                         "no Stagecoach note: add BOOT_CONFIG(); from <stagecoach/boot.h> to one source file (a linker "
                         "script must keep .note.stagecoach in a PT_NOTE)");
    status = bootloader_api_read(section, &config, &plan->api, reader->error);
    /* There it is what is added to every address. */
    if (status == STATUS_OK && plan->elf.relocatable && config.kernel_base > BOOT_NOWHERE &&
        !add_ok(config.kernel_base, plan->elf.lowest, &config.kernel_base))
        status = error_set(reader->error, STATUS_WISH_VALUE,
                           BOOTLOADER_API_SECTION ": kernel_base %#llx puts the kernel beyond the last address",
                           (unsigned long long)config.kernel_base);
    if (status == STATUS_OK)
        status = kernel_wishes_check(&config, plan, reader->error);
    plan->protocol = KERNEL_BOOTLOADER_API;
    plan->stack_top = align_down(plan->api.stack_size, 16); /* such a kernel is told the size that it asked for */
    return status == STATUS_OK ? elf_plan_check_wx(&plan->elf, reader->error) : status;
}

static enum status read_wishes(const struct reader *reader, struct kernel_plan *plan)
{
    struct span descriptor;
    bool allow_wx;
    enum status status = find_boot_note(reader, &plan->elf, &descriptor);
    if (status != STATUS_OK)
        return status;
    if (descriptor.data == NULL)
        return read_api_wishes(reader, plan);
    status = kernel_wishes_native(descriptor, plan, &allow_wx, reader->error);
    if (status == STATUS_OK && !allow_wx)
        status = elf_plan_check_wx(&plan->elf, reader->error);
    return status;
}

/* The symbol table among all section headers, which may be more than fit into the room at once. */
static enum status find_symbol_table(const struct reader *reader, struct elf_range headers,
                                     struct elf_section_header *table, bool *found)
{
    *found = false;
    for (uint64_t at = 0; at < headers.size && !*found; at += KERNEL_HEAD_MAX) {
        uint64_t rest = headers.size - at;
        struct span piece;
        enum status status =
            fetch(reader, headers.address + at, rest < KERNEL_HEAD_MAX ? rest : KERNEL_HEAD_MAX, &piece);
        if (status != STATUS_OK)
            return status;
        *found = elf_symbols_table(piece, table);
    }
    return STATUS_OK;
}

static enum status find_symbols(const struct reader *reader, struct elf_symbols *symbols)
{
    struct elf_range headers;
    struct elf_section_header table, names;
    struct span bytes;
    bool found;
    *symbols = (struct elf_symbols){0};
    enum status status = elf_sections_find(reader->head, reader->source->size, &headers, reader->error);
    if (status == STATUS_OK)
        status = find_symbol_table(reader, headers, &table, &found);
    if (status != STATUS_OK || !found)
        return status;
    if (table.link >= headers.size / sizeof names)
        return error_set(reader->error, STATUS_ELF_SECTIONS, "symbol table with names in section %u of %llu",
                         table.link, (unsigned long long)(headers.size / sizeof names));
    status = fetch(reader, headers.address + table.link * sizeof names, sizeof names, &bytes);
    if (status != STATUS_OK)
        return status;
    memcpy(&names, bytes.data, sizeof names);
    return elf_symbols_take(&table, &names, reader->source->size, symbols, reader->error);
}

/* --- Multiboot --------------------------------------------------------------------------------------------------- */

static enum status read_multiboot(const struct reader *reader, struct span *head)
{
    uint64_t size = reader->source->size < MULTIBOOT_SEARCH ? reader->source->size : MULTIBOOT_SEARCH;
    *head = (struct span){room.far, size};
    return reader->source->read(reader->source->context, 0, size, room.far, reader->error);
}

static enum status count_sections(const struct reader *reader, struct multiboot_plan *plan)
{
    struct span header;
    const struct multiboot_sections *sections = &plan->sections;
    if (!multiboot_sections_counted_apart(sections))
        return STATUS_OK;
    enum status status = fetch(reader, sections->offset, sections->entry_size, &header);
    return status == STATUS_OK ? multiboot_sections_count(header.data, reader->source->size, plan, reader->error)
                               : status;
}

/* All section headers, as many at a time as fit into the room. */
static enum status measure_sections(const struct reader *reader, struct multiboot_plan *plan)
{
    const struct multiboot_sections *sections = &plan->sections;
    enum status status = count_sections(reader, plan);
    for (uint32_t first = 0, count; first < sections->count && status == STATUS_OK; first += count) {
        const uint32_t rest = sections->count - first, most = KERNEL_HEAD_MAX / sections->entry_size;
        struct span headers;
        count = rest < most ? rest : most;
        status = fetch(reader, sections->offset + (uint64_t)first * sections->entry_size,
                       (uint64_t)count * sections->entry_size, &headers);
        if (status == STATUS_OK)
            status = multiboot_sections_measure(headers.data, count, reader->source->size, plan, reader->error);
    }
    return status;
}

/* A kernel that says nothing in our own protocols may have a header of theirs. False: it has none, and *status is still
 * the reason why it can't be loaded. */
static bool plan_multiboot(const struct reader *reader, struct kernel_plan *plan, enum status *status)
{
    struct span head;
    struct error ignored;
    struct reader quiet = *reader;
    unsigned version;
    uint32_t offset;
    quiet.error = &ignored;
    if (read_multiboot(&quiet, &head) != STATUS_OK || !multiboot_find(head, &version, &offset))
        return false;
    memset(plan, 0, sizeof *plan);
    plan->protocol = KERNEL_MULTIBOOT;
    reader->error->status = STATUS_OK; /* what was wrong is no error any more */
    *status = multiboot_plan_read(head, reader->source->size, &plan->multiboot, reader->error);
    if (*status == STATUS_OK)
        *status = measure_sections(reader, &plan->multiboot);
    return true;
}

/* --- files of all kinds ------------------------------------------------------------------------------------------ */

static enum status plan_kernel(struct reader *reader, struct kernel_plan *plan)
{
    enum status status = plan_elf(reader, &plan->elf);
    bool is_elf = status == STATUS_OK;
    if (status == STATUS_OK)
        status = check_interpreter(reader, &plan->elf);
    if (status == STATUS_OK)
        status = read_wishes(reader, plan);
    if ((!is_elf || status == STATUS_NO_PROTOCOL) && plan_multiboot(reader, plan, &status))
        return status;
    plan->symbol_ranges = (struct elf_symbols){0};
    if (status == STATUS_OK && plan->symbols.kind != WISH_NOWHERE)
        status = find_symbols(reader, &plan->symbol_ranges);
    return status;
}

static enum status plan_other(const struct reader *reader, enum kernel_protocol protocol, struct kernel_plan *plan)
{
    struct pe_facts facts;
    memset(plan, 0, sizeof *plan);
    plan->protocol = protocol;
    if (protocol == KERNEL_LINUX)
        return linux_plan_read(reader->head, reader->source->size, &plan->linux_plan, reader->error);
    return pe_read(reader->head, reader->source->size, &facts, reader->error);
}

enum status kernel_plan_read(const struct file_source *source, struct kernel_plan *plan, struct error *error)
{
    struct reader reader = {.source = source, .error = error};
    enum status status = read_head(&reader);
    if (status == STATUS_OK && linux_detect(reader.head))
        status = plan_other(&reader, KERNEL_LINUX, plan);
    else if (status == STATUS_OK && pe_detect(reader.head))
        status = plan_other(&reader, KERNEL_EFI_PROGRAM, plan);
    else if (status == STATUS_OK)
        status = plan_kernel(&reader, plan);
    plan->file_size = source->size;
    return status == STATUS_OK ? STATUS_OK : error_prefix(error, "%s", source->name);
}

static enum status check_command_line(const struct kernel_plan *plan, uint32_t size, struct error *error)
{
    if (plan->protocol != KERNEL_LINUX || size <= plan->linux_plan.command_line_max)
        return STATUS_OK;
    return error_set(error, STATUS_COMMAND_LINE, "the command line has %u bytes; this Linux kernel takes %u", size,
                     plan->linux_plan.command_line_max);
}

enum status kernel_choose_way(const struct kernel_plan *plan, bool efi_stub, bool starts_programs,
                              uint32_t command_line_size, enum kernel_way *way, struct error *error)
{
    bool is_linux = plan->protocol == KERNEL_LINUX;
    bool is_program = plan->protocol == KERNEL_EFI_PROGRAM || (is_linux && plan->linux_plan.efi_stub);
    if (efi_stub && !is_program)
        return error_set(error, STATUS_EFI_PROGRAM, "is no UEFI application, as 'efi-stub' says");
    if (!starts_programs && (efi_stub || !is_linux) && is_program)
        return error_set(
            error, STATUS_NEEDS_EFI,
            "is a UEFI application, and this machine was not started by UEFI: switch its firmware to UEFI");
    *way = is_program && starts_programs        ? KERNEL_BY_FIRMWARE
           : is_linux                           ? KERNEL_BY_LINUX
           : plan->protocol == KERNEL_MULTIBOOT ? KERNEL_BY_MULTIBOOT
                                                : KERNEL_BY_PLAN;
    return check_command_line(plan, command_line_size, error);
}
