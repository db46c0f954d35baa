#include "elf_runs.h"

static uint64_t page_start(const struct elf_segment *segment)
{
    return align_down(segment->address, PAGE_SIZE);
}

/* The planner has checked that no segment reaches the last page of the address space: this can't wrap. */
static uint64_t page_end(const struct elf_segment *segment)
{
    return align_down(segment->address + segment->memory_size + (PAGE_SIZE - 1), PAGE_SIZE);
}

static void make_blocks(struct elf_plan *plan)
{
    struct elf_block *block = plan->blocks;
    *block = (struct elf_block){.address = page_start(plan->segments)};
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        uint64_t start = page_start(&plan->segments[i]), end = page_end(&plan->segments[i]);
        if (start > block->address + block->size)
            *++block = (struct elf_block){.address = start};
        block->size = end - block->address;
    }
    plan->block_count = (uint32_t)(block - plan->blocks) + 1;
    plan->lowest = plan->blocks[0].address;
    plan->highest = block->address + block->size;
}

static void append(struct elf_plan *plan, uint64_t start, uint64_t end, uint32_t rights)
{
    if (start == end)
        return;
    struct elf_run *last = plan->run_count > 0 ? &plan->runs[plan->run_count - 1] : NULL;
    if (last != NULL && last->address + last->size == start && last->rights == rights)
        last->size += end - start;
    else
        plan->runs[plan->run_count++] = (struct elf_run){.address = start, .size = end - start, .rights = rights};
}

/* Gives the last page of the last run more rights: the page in which the next segment begins. */
static void share_last_page(struct elf_plan *plan, uint32_t rights)
{
    struct elf_run *last = &plan->runs[plan->run_count - 1];
    uint64_t end = last->address + last->size;
    uint32_t both = last->rights | rights;
    last->size -= PAGE_SIZE;
    if (last->size == 0)
        plan->run_count--;
    append(plan, end - PAGE_SIZE, end, both);
}

static void number_blocks(struct elf_plan *plan)
{
    uint32_t block = 0;
    for (uint32_t i = 0; i < plan->run_count; i++) {
        while (plan->runs[i].address >= plan->blocks[block].address + plan->blocks[block].size)
            block++;
        plan->runs[i].block = block;
    }
}

/* At most one run per segment and one per page that neighbours share: 2 * ELF_SEGMENTS_MAX - 1. RELRO adds two cuts. */
void elf_runs_make(struct elf_plan *plan)
{
    make_blocks(plan);
    plan->run_count = 0;
    uint64_t planned = plan->lowest; /* pages below are in runs */
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        uint64_t start = page_start(segment);
        if (start < planned) {
            share_last_page(plan, segment->rights);
            start = planned;
        }
        planned = page_end(segment);
        append(plan, start, planned, segment->rights);
    }
    number_blocks(plan);
}

static bool writable_bytes_in(const struct elf_plan *plan, uint64_t start, uint64_t end)
{
    if (start == end) /* a segment around the border has no byte in it */
        return false;
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        uint64_t segment_end = segment->address + segment->memory_size;
        if ((segment->rights & ELF_W) != 0 && segment->address < end && start < segment_end)
            return true;
    }
    return false;
}

static bool inside_one_block(const struct elf_plan *plan, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < plan->block_count; i++)
        if (start >= plan->blocks[i].address && end - plan->blocks[i].address <= plan->blocks[i].size)
            return true;
    return false;
}

/* Makes `address`, page aligned, a border between runs if it lies inside one. */
static void cut(struct elf_plan *plan, uint64_t address)
{
    for (uint32_t i = 0; i < plan->run_count; i++) {
        struct elf_run *run = &plan->runs[i];
        if (address <= run->address || address - run->address >= run->size)
            continue;
        for (uint32_t j = plan->run_count++; j > i; j--)
            plan->runs[j] = plan->runs[j - 1];
        plan->runs[i + 1].address = address;
        plan->runs[i + 1].size -= address - run->address;
        run->size = address - run->address;
        return;
    }
}

static void join_equal_runs(struct elf_plan *plan)
{
    uint32_t count = plan->run_count;
    plan->run_count = 0;
    for (uint32_t i = 0; i < count; i++)
        append(plan, plan->runs[i].address, plan->runs[i].address + plan->runs[i].size, plan->runs[i].rights);
    number_blocks(plan);
}

enum status elf_runs_apply_relro(struct elf_plan *plan, struct error *error)
{
    uint64_t start = plan->relro.address, end;
    if (plan->relro.size == 0)
        return STATUS_OK;
    uint64_t first = align_down(start, PAGE_SIZE), last;
    if (!add_ok(start, plan->relro.size, &end) || !align_up_ok(end, PAGE_SIZE, &last) ||
        !inside_one_block(plan, first, last))
        return error_set(error, STATUS_ELF_RELRO, "GNU_RELRO at %#llx, %#llx bytes, is not inside the loaded segments",
                         (unsigned long long)start, (unsigned long long)plan->relro.size);

    if (writable_bytes_in(plan, first, start))
        first += PAGE_SIZE;
    if (writable_bytes_in(plan, end, last))
        last -= PAGE_SIZE;
    if (first >= last)
        return STATUS_OK;
    cut(plan, first);
    cut(plan, last);
    for (uint32_t i = 0; i < plan->run_count; i++)
        if (plan->runs[i].address >= first && plan->runs[i].address < last)
            plan->runs[i].rights &= ~ELF_W;
    join_equal_runs(plan);
    return STATUS_OK;
}
