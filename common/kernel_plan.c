#include "kernel_reader.h"

#include "elf_dynamic.h"
#include "large.h"
#include "memory.h"
#include "pe.h"

LARGE("kernel_head") struct kernel_room kernel_room;

enum status kernel_fetch(const struct kernel_reader *reader, uint64_t offset, uint64_t size, struct span *bytes)
{
    if (span_part(reader->head, offset, size, bytes))
        return STATUS_OK;
    enum status status = reader->source->read(reader->source->context, offset, size, kernel_room.far, reader->error);
    if (status == STATUS_OK)
        *bytes = (struct span){.data = kernel_room.far, .size = size};
    return status;
}

static enum status read_head(struct kernel_reader *reader)
{
    uint64_t size = reader->source->size < ELF_HEAD_SIZE ? reader->source->size : ELF_HEAD_SIZE;
    if (size == 0)
        return error_set(reader->error, STATUS_FILE_EMPTY, "is empty; put a kernel there");
    enum status status = reader->source->read(reader->source->context, 0, size, kernel_room.head, reader->error);
    if (status == STATUS_OK)
        reader->head = (struct span){.data = kernel_room.head, .size = size};
    return status;
}

static enum status plan_elf(struct kernel_reader *reader, struct elf_plan *plan)
{
    struct elf_range range;
    struct span table;
    enum status status = elf_headers_find(reader->head, reader->source->size, &range, reader->error);
    if (status != STATUS_OK)
        return status;
    if (range.size > KERNEL_HEAD_MAX)
        return error_set(reader->error, STATUS_ELF_HEADERS, "has %llu program headers, but at most %llu can be read",
                         (unsigned long long)(range.size / 56), (unsigned long long)(KERNEL_HEAD_MAX / 56));
    status = kernel_fetch(reader, range.address, range.size, &table);
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
static enum status check_interpreter(const struct kernel_reader *reader, const struct elf_plan *plan)
{
    if (!plan->interpreter || plan->dynamic.size == 0)
        return STATUS_OK;
    struct elf_range range = dynamic_in_file(plan);
    struct span section;
    if (range.size > KERNEL_HEAD_MAX)
        range.size = KERNEL_HEAD_MAX;
    enum status status = kernel_fetch(reader, range.address, range.size, &section);
    return status != STATUS_OK ? status : elf_dynamic_check_needed(section, reader->error);
}

static enum status find_boot_note(const struct kernel_reader *reader, const struct elf_plan *plan,
                                  struct span *descriptor)
{
    *descriptor = (struct span){0};
    for (uint32_t i = 0; i < plan->note_count && descriptor->data == NULL; i++) {
        struct span notes;
        if (plan->note_size[i] > KERNEL_HEAD_MAX)
            return error_set(reader->error, STATUS_ELF_NOTE, "has a PT_NOTE of %llu bytes, but at most %u can be read",
                             (unsigned long long)plan->note_size[i], KERNEL_HEAD_MAX);
        enum status status = kernel_fetch(reader, plan->note_offset[i], plan->note_size[i], &notes);
        if (status == STATUS_OK)
            status = elf_note_find(notes, plan->note_alignment[i], BOOT_NOTE_NAME, BOOT_NOTE_CONFIG, descriptor,
                                   reader->error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_wishes(const struct kernel_reader *reader, struct kernel_plan *plan)
{
    struct span descriptor;
    bool allow_wx;
    enum status status = find_boot_note(reader, &plan->elf, &descriptor);
    if (status != STATUS_OK)
        return status;
    if (descriptor.data == NULL)
        return kernel_plan_api(reader, plan);
    status = kernel_wishes_native(descriptor, plan, &allow_wx, reader->error);
    if (status == STATUS_OK && !allow_wx)
        status = elf_plan_check_wx(&plan->elf, reader->error);
    return status;
}

/* --- files of all kinds ------------------------------------------------------------------------------------------ */

static enum status plan_kernel(struct kernel_reader *reader, struct kernel_plan *plan)
{
    enum status status = plan_elf(reader, &plan->elf);
    bool is_elf = status == STATUS_OK;
    if (status == STATUS_OK)
        status = check_interpreter(reader, &plan->elf);
    if (status == STATUS_OK)
        status = read_wishes(reader, plan);
    if ((!is_elf || status == STATUS_NO_PROTOCOL) && kernel_plan_multiboot(reader, plan, &status))
        return status;
    plan->symbol_ranges = (struct elf_symbols){0};
    if (status == STATUS_OK && plan->symbols.kind != WISH_NOWHERE)
        status = kernel_plan_symbols(reader, &plan->symbol_ranges);
    return status;
}

static enum status plan_other(const struct kernel_reader *reader, enum kernel_protocol protocol,
                              struct kernel_plan *plan)
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
    struct kernel_reader reader = {.source = source, .error = error};
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
