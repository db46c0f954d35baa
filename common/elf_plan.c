#include "elf_plan.h"

#include "elf_headers.h"
#include "elf_runs.h"
#include "memory.h"

#define LOWER_HALF_END 0x0000800000000000ull
#define UPPER_HALF_START 0xffff800000000000ull

struct planner {
    struct elf_plan *plan;
    uint64_t file_size;
    bool has_dynamic, has_relro, has_tls; /* each at most once */
    struct error *error;
};

static unsigned long long long_of(uint64_t value)
{
    return value;
}

/* False also for the last page of the address space: an end that is excluded must be a number. */
static bool inside_one_half(uint64_t address, uint64_t size)
{
    uint64_t end;
    return add_ok(address, size, &end) && align_up_ok(end, PAGE_SIZE, &end) &&
           (end <= LOWER_HALF_END || address >= UPPER_HALF_START);
}

static enum status check_file_range(const struct planner *planner, uint32_t index,
                                    const struct elf_program_header *header)
{
    uint64_t end;
    if (!add_ok(header->offset, header->file_size, &end))
        return error_set(planner->error, STATUS_ELF_SEGMENT,
                         "program header %u: file range %#llx + %#llx is beyond 2^64", index, long_of(header->offset),
                         long_of(header->file_size));
    if (end > planner->file_size)
        return error_set(planner->error, STATUS_ELF_TRUNCATED,
                         "program header %u: bytes %#llx..%#llx, but the file ends at %#llx; was it copied whole?",
                         index, long_of(header->offset), long_of(end), long_of(planner->file_size));
    return STATUS_OK;
}

static enum status check_load(const struct planner *planner, uint32_t index, const struct elf_program_header *header)
{
    struct error *error = planner->error;
    if (header->file_size > header->memory_size)
        return error_set(error, STATUS_ELF_SEGMENT, "program header %u: %#llx bytes in the file, %#llx in memory",
                         index, long_of(header->file_size), long_of(header->memory_size));
    if (header->alignment != 0 && !is_power_of_two(header->alignment))
        return error_set(error, STATUS_ELF_ALIGN, "program header %u: alignment %#llx is not a power of two", index,
                         long_of(header->alignment));
    if (!inside_one_half(header->address, header->memory_size))
        return error_set(error, STATUS_ELF_ADDRESS,
                         "program header %u: %#llx bytes at %#llx leave the canonical address halves "
                         "(up to 0x800000000000, and 0xffff800000000000 to 0xfffffffffffff000)",
                         index, long_of(header->memory_size), long_of(header->address));
    return header->file_size > 0 ? check_file_range(planner, index, header) : STATUS_OK;
}

/* Puts a segment in its place by address. */
static enum status insert_segment(struct elf_plan *plan, const struct elf_segment *segment, struct error *error)
{
    uint32_t at = plan->segment_count;
    while (at > 0 && plan->segments[at - 1].address > segment->address)
        at--;
    const struct elf_segment *below = at > 0 ? &plan->segments[at - 1] : NULL;
    const struct elf_segment *above = at < plan->segment_count ? &plan->segments[at] : NULL;
    const struct elf_segment *other = NULL;
    if (below != NULL && segment->address - below->address < below->memory_size)
        other = below;
    else if (above != NULL && above->address - segment->address < segment->memory_size)
        other = above;
    if (other != NULL)
        return error_set(error, STATUS_ELF_OVERLAP,
                         "the segments at %#llx (%#llx bytes) and %#llx (%#llx bytes) overlap; check the linker script",
                         long_of(other->address), long_of(other->memory_size), long_of(segment->address),
                         long_of(segment->memory_size));

    for (uint32_t i = plan->segment_count++; i > at; i--)
        plan->segments[i] = plan->segments[i - 1];
    plan->segments[at] = *segment;
    return STATUS_OK;
}

static enum status add_load(struct planner *planner, uint32_t index, const struct elf_program_header *header)
{
    struct elf_plan *plan = planner->plan;
    if (header->memory_size == 0 && header->file_size == 0)
        return STATUS_OK;
    enum status status = check_load(planner, index, header);
    if (status != STATUS_OK)
        return status;
    if (plan->segment_count == ELF_SEGMENTS_MAX)
        return error_set(planner->error, STATUS_ELF_TOO_MANY, "more than %d PT_LOAD segments", ELF_SEGMENTS_MAX);
    const struct elf_segment segment = {
        .address = header->address,
        .file_offset = header->file_size > 0 ? header->offset : 0,
        .file_size = header->file_size,
        .memory_size = header->memory_size,
        .rights = header->flags & (ELF_R | ELF_W | ELF_X),
    };
    if (header->alignment > plan->alignment)
        plan->alignment = header->alignment;
    return insert_segment(plan, &segment, planner->error);
}

static enum status add_note(struct planner *planner, uint32_t index, const struct elf_program_header *header)
{
    struct elf_plan *plan = planner->plan;
    if (header->file_size == 0)
        return STATUS_OK;
    if (plan->note_count == ELF_NOTES_MAX)
        return error_set(planner->error, STATUS_ELF_NOTE, "more than %d PT_NOTE segments", ELF_NOTES_MAX);
    enum status status = check_file_range(planner, index, header);
    if (status != STATUS_OK)
        return status;
    plan->note_offset[plan->note_count] = header->offset;
    plan->note_size[plan->note_count] = header->file_size;
    plan->note_alignment[plan->note_count++] = header->alignment == 8 ? 8 : 4;
    return STATUS_OK;
}

static enum status add_once(bool *seen, enum status status, const char *name, struct error *error)
{
    if (*seen)
        return error_set(error, status, "has more than one %s program header", name);
    *seen = true;
    return STATUS_OK;
}

static enum status add_tls(struct planner *planner, uint32_t index, const struct elf_program_header *header)
{
    struct elf_plan *plan = planner->plan;
    if (header->file_size > header->memory_size)
        return error_set(planner->error, STATUS_ELF_TLS,
                         "program header %u: TLS image of %#llx bytes for %#llx bytes of memory", index,
                         long_of(header->file_size), long_of(header->memory_size));
    if (header->alignment != 0 && !is_power_of_two(header->alignment))
        return error_set(planner->error, STATUS_ELF_TLS, "program header %u: TLS alignment %#llx is not a power of two",
                         index, long_of(header->alignment));
    enum status status = add_once(&planner->has_tls, STATUS_ELF_TLS, "PT_TLS", planner->error);
    if (status != STATUS_OK || header->memory_size == 0)
        return status;
    plan->tls = (struct elf_range){.address = header->address, .size = header->file_size};
    plan->tls_memory_size = header->memory_size;
    plan->tls_alignment = header->alignment != 0 ? header->alignment : 1;
    return STATUS_OK;
}

static enum status add_program_header(struct planner *planner, uint32_t index, const struct elf_program_header *header)
{
    const struct elf_range memory = {.address = header->address, .size = header->memory_size};
    switch (header->type) {
    case ELF_PT_LOAD:
        return add_load(planner, index, header);
    case ELF_PT_NOTE:
        return add_note(planner, index, header);
    case ELF_PT_TLS:
        return add_tls(planner, index, header);
    case ELF_PT_INTERP:
        planner->plan->interpreter = true;
        return STATUS_OK;
    case ELF_PT_DYNAMIC:
        planner->plan->dynamic = memory;
        return add_once(&planner->has_dynamic, STATUS_ELF_DYNAMIC, "PT_DYNAMIC", planner->error);
    case ELF_PT_GNU_RELRO:
        planner->plan->relro = memory;
        return add_once(&planner->has_relro, STATUS_ELF_RELRO, "PT_GNU_RELRO", planner->error);
    default:
        return STATUS_OK;
    }
}

static bool inside_a_segment(const struct elf_plan *plan, struct elf_range range)
{
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if (range.address >= segment->address &&
            range_ok(range.address - segment->address, range.size, segment->memory_size))
            return true;
    }
    return false;
}

static enum status check_ranges(const struct elf_plan *plan, struct error *error)
{
    if (plan->dynamic.size > 0 && !inside_a_segment(plan, plan->dynamic))
        return error_set(error, STATUS_ELF_DYNAMIC, "the dynamic section (%#llx bytes at %#llx) is not in a segment",
                         long_of(plan->dynamic.size), long_of(plan->dynamic.address));
    if (plan->tls.size > 0 && !inside_a_segment(plan, plan->tls))
        return error_set(error, STATUS_ELF_TLS, "the TLS image (%#llx bytes at %#llx) is not in a segment",
                         long_of(plan->tls.size), long_of(plan->tls.address));
    return STATUS_OK;
}

/* The first instruction must come from the file: what lies in a segment's zero-filled rest is no code. */
static enum status check_entry(const struct elf_plan *plan, struct error *error)
{
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if ((segment->rights & ELF_X) != 0 && plan->entry >= segment->address &&
            plan->entry - segment->address < segment->file_size)
            return STATUS_OK;
    }
    return error_set(error, STATUS_ELF_ENTRY,
                     "the entry point %#llx is not in the code of an executable segment; is _start defined and linked "
                     "in (BOOT_ENTRY)?",
                     long_of(plan->entry));
}

enum status elf_plan_check_wx(const struct elf_plan *plan, struct error *error)
{
    const uint32_t both = ELF_W | ELF_X;
    for (uint32_t i = 0; i < plan->segment_count; i++)
        if ((plan->segments[i].rights & both) == both)
            return error_set(error, STATUS_ELF_WX,
                             "the segment at %#llx is writable and executable; separate code and data in the linker "
                             "script, or set BOOT_CONFIG_ALLOW_WX",
                             long_of(plan->segments[i].address));
    for (uint32_t i = 0; i < plan->run_count; i++)
        if ((plan->runs[i].rights & both) == both)
            return error_set(error, STATUS_ELF_WX,
                             "the page at %#llx holds both code and writable data; align the segments to 4 KiB in the "
                             "linker script, or set BOOT_CONFIG_ALLOW_WX",
                             long_of(plan->runs[i].address));
    return STATUS_OK;
}

static enum status add_program_headers(struct planner *planner, struct span table, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct elf_program_header header;
        if (!elf_program_header_read(table, i, &header))
            return error_set(planner->error, STATUS_ELF_TRUNCATED, "program header %u is missing", i);
        enum status status = add_program_header(planner, i, &header);
        if (status != STATUS_OK)
            return status;
    }
    if (planner->plan->segment_count == 0)
        return error_set(planner->error, STATUS_ELF_NO_SEGMENT, "none of its %u program headers loads anything", count);
    return STATUS_OK;
}

/* From sorted segments to a whole plan. */
static enum status complete(struct elf_plan *plan, struct error *error)
{
    elf_runs_make(plan);
    plan->null_page = !plan->relocatable && plan->lowest == 0;
    if (plan->relocatable && !inside_one_half(plan->lowest, plan->highest - plan->lowest))
        return error_set(error, STATUS_ELF_ADDRESS, "position independent, but its segments span %#llx to %#llx",
                         long_of(plan->lowest), long_of(plan->highest));
    enum status status = elf_runs_apply_relro(plan, error);
    if (status == STATUS_OK)
        status = check_ranges(plan, error);
    if (status == STATUS_OK)
        status = check_entry(plan, error);
    return status;
}

enum status elf_plan_from(struct span head, struct span table, uint64_t file_size, bool allow_wx, struct elf_plan *plan,
                          struct error *error)
{
    struct elf_file_header header;
    enum status status = elf_file_header_read(head, &header, error);
    if (status != STATUS_OK)
        return status;
    memset(plan, 0, sizeof *plan);
    plan->relocatable = header.type == ELF_TYPE_DYN;
    plan->entry = header.entry;
    plan->alignment = PAGE_SIZE;

    struct planner planner = {.plan = plan, .file_size = file_size, .error = error};
    status = add_program_headers(&planner, table, header.program_header_count);
    if (status == STATUS_OK)
        status = complete(plan, error);
    if (status == STATUS_OK && !allow_wx)
        status = elf_plan_check_wx(plan, error);
    return status;
}

enum status elf_plan_make(struct span head, uint64_t file_size, bool allow_wx, struct elf_plan *plan,
                          struct error *error)
{
    struct elf_range range;
    struct span table;
    enum status status = elf_headers_find(head, file_size, &range, error);
    if (status != STATUS_OK)
        return status;
    if (!span_part(head, range.address, range.size, &table))
        return error_set(error, STATUS_ELF_TRUNCATED, "the program headers end at %#llx, but only %#llx bytes are here",
                         long_of(range.address + range.size), long_of(head.size));
    return elf_plan_from(head, table, file_size, allow_wx, plan, error);
}
