#include "kernel_reader.h"
#include "memory.h"

static enum status read_multiboot(const struct kernel_reader *reader, struct span *head)
{
    uint64_t size = reader->source->size < MULTIBOOT_SEARCH ? reader->source->size : MULTIBOOT_SEARCH;
    *head = (struct span){kernel_room.far, size};
    return reader->source->read(reader->source->context, 0, size, kernel_room.far, reader->error);
}

static enum status count_sections(const struct kernel_reader *reader, struct multiboot_plan *plan)
{
    struct span header;
    const struct multiboot_sections *sections = &plan->sections;
    if (!multiboot_sections_counted_apart(sections))
        return STATUS_OK;
    enum status status = kernel_fetch(reader, sections->offset, sections->entry_size, &header);
    return status == STATUS_OK ? multiboot_sections_count(header.data, reader->source->size, plan, reader->error)
                               : status;
}

/* All section headers, as many at a time as fit into the room. */
static enum status measure_sections(const struct kernel_reader *reader, struct multiboot_plan *plan)
{
    const struct multiboot_sections *sections = &plan->sections;
    enum status status = count_sections(reader, plan);
    for (uint32_t first = 0, count; first < sections->count && status == STATUS_OK; first += count) {
        const uint32_t rest = sections->count - first, most = KERNEL_HEAD_MAX / sections->entry_size;
        struct span headers;
        count = rest < most ? rest : most;
        status = kernel_fetch(reader, sections->offset + (uint64_t)first * sections->entry_size,
                              (uint64_t)count * sections->entry_size, &headers);
        if (status == STATUS_OK)
            status = multiboot_sections_measure(headers.data, count, reader->source->size, plan, reader->error);
    }
    return status;
}

bool kernel_plan_multiboot(const struct kernel_reader *reader, struct kernel_plan *plan, enum status *status)
{
    struct span head;
    struct error ignored;
    struct kernel_reader quiet = *reader;
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
