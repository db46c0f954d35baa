/* A file with a Multiboot header of any bytes: an accepted plan keeps what the loader relies on. */
#include "fuzz.h"

#include "protocol/multiboot.h"

static void check_sections(const uint8_t *data, size_t size, struct multiboot_plan *plan)
{
    struct multiboot_section section;
    struct error error;
    uint64_t total = 0;
    enum status status = STATUS_OK;
    const uint8_t *headers = data + plan->sections.offset;
    if (multiboot_sections_counted_apart(&plan->sections)) {
        FUZZ_ASSERT(range_ok(plan->sections.offset, plan->sections.entry_size, size));
        status = multiboot_sections_count(headers, size, plan, &error);
    }
    if (status == STATUS_OK && plan->sections.count == 0)
        return;
    const uint64_t all = (uint64_t)plan->sections.count * plan->sections.entry_size;
    FUZZ_ASSERT(status != STATUS_OK || range_ok(plan->sections.offset, all, size));
    if (status == STATUS_OK)
        status = multiboot_sections_measure(headers, plan->sections.count, size, plan, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return;
    }
    for (uint32_t i = 0; i < plan->sections.count; i++)
        if (multiboot_section_at(plan, headers, i, &section)) {
            FUZZ_ASSERT(range_ok(section.offset, section.size, size) && is_power_of_two(section.alignment));
            FUZZ_ASSERT(section.address_field + 8 <= all);
            total = align_down(total + section.alignment - 1, section.alignment) + section.size;
        }
    FUZZ_ASSERT(total == plan->sections.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct multiboot_plan plan;
    struct error error;
    const struct span head = {data, size < MULTIBOOT_SEARCH ? size : MULTIBOOT_SEARCH};
    enum status status = multiboot_plan_read(head, size, &plan, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    uint64_t end = 0;
    for (uint32_t i = 0; i < plan.segment_count; i++) {
        const struct multiboot_segment *segment = &plan.segments[i];
        FUZZ_ASSERT(segment->memory_size > 0 && segment->phys >= end && segment->file_size <= segment->memory_size);
        FUZZ_ASSERT(range_ok(segment->file_offset, segment->file_size, size));
        end = segment->phys + segment->memory_size;
    }
    FUZZ_ASSERT(plan.segment_count > 0 && plan.start == plan.segments[0].phys && plan.end == end);
    FUZZ_ASSERT(end <= MULTIBOOT_END && plan.entry >= plan.start && plan.entry < end);
    FUZZ_ASSERT(!plan.boot_services || (plan.efi_entry >= plan.start && plan.efi_entry < end));
    FUZZ_ASSERT(!plan.relocatable || (is_power_of_two(plan.alignment) && plan.lowest <= plan.highest));
    check_sections(data, size, &plan);
    return 0;
}
