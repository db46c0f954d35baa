#include "address_plan.h"

#include "checked.h"
#include "format.h"

#define SLOT_SIZE (512 * SIZE_1G) /* what one PML4 entry maps */
#define RANDOM_TRIES 16u

/* One part on its way into the address space. */
struct part {
    const char *name;
    struct wish wish;
    uint64_t size;      /* whole pages; 0: absent */
    uint64_t alignment; /* of a free address */
    uint64_t offset;    /* a free address is a multiple of `alignment` plus this */
    uint64_t guard;     /* unmapped bytes reserved below */
    uint64_t *address;
};

uint64_t address_pages_size(uint64_t start, uint64_t size)
{
    uint64_t in_page = start & (PAGE_SIZE - 1);
    return align_down(in_page + size + PAGE_SIZE - 1, PAGE_SIZE);
}

/* One try to place everything. */
struct placing {
    const struct elf_plan *elf;
    const struct part *parts;
    size_t count;
    uint8_t order[ADDRESS_PARTS_MAX]; /* in which the free ones are placed */
    struct address_plan *plan;
};

static void note(struct address_plan *plan, const struct part *part, uint64_t address, uint64_t places)
{
    *part->address = address;
    plan->parts[plan->part_count++] = (struct address_part){part->name, address, part->size, places};
}

static enum status put_fixed(struct address_plan *plan, const struct part *part, struct error *error)
{
    if (part->size == 0 || part->wish.kind != WISH_FIXED)
        return STATUS_OK;
    if (part->wish.address < part->guard)
        return error_set(error, STATUS_ADDRESS_COLLISION, "%s at %#llx leaves no room for the guard page below it",
                         part->name, (unsigned long long)part->wish.address);
    note(plan, part, part->wish.address, 0);
    return address_space_fix(&plan->space, part->wish.address - part->guard, part->size + part->guard, part->name,
                             error);
}

static enum status put_free(struct address_plan *plan, const struct part *part, struct random *random,
                            struct error *error)
{
    if (part->size == 0 || part->wish.kind != WISH_ANYWHERE)
        return STATUS_OK;
    struct address_draw draw = {0, 0};
    uint64_t size = part->size + part->guard;
    enum status status;
    if (random != NULL)
        status =
            address_space_draw(&plan->space, size, part->alignment, part->offset, part->name, random, &draw, error);
    else
        status =
            address_space_place(&plan->space, size, part->alignment, part->offset, part->name, &draw.address, error);
    if (status == STATUS_OK)
        note(plan, part, draw.address + part->guard, draw.places);
    return status;
}

/* ET_EXEC: each block has its address already. */
static enum status fix_blocks(struct address_space *space, const struct elf_plan *elf, struct error *error)
{
    for (uint32_t i = 0; i < elf->block_count; i++) {
        enum status status = address_space_fix(space, elf->blocks[i].address, elf->blocks[i].size, "kernel", error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status put_parts(const struct placing *placing, struct random *random, struct error *error)
{
    struct address_plan *plan = placing->plan;
    plan->space.count = plan->part_count = 0;
    enum status status = placing->elf->relocatable ? STATUS_OK : fix_blocks(&plan->space, placing->elf, error);
    for (size_t i = 0; i < placing->count && status == STATUS_OK; i++)
        status = put_fixed(plan, &placing->parts[i], error);
    for (size_t i = 0; i < placing->count && status == STATUS_OK; i++)
        status = put_free(plan, &placing->parts[placing->order[i]], random, error);
    return status;
}

static bool is_harder_to_place(const struct part *a, const struct part *b)
{
    return a->alignment != b->alignment ? a->alignment > b->alignment : a->size > b->size;
}

/* What needs much room comes first, while there is much. */
static void put_hardest_first(struct placing *placing)
{
    for (size_t i = 0; i < placing->count; i++) {
        size_t at = i;
        for (; at > 0 && is_harder_to_place(&placing->parts[i], &placing->parts[placing->order[at - 1]]); at--)
            placing->order[at] = placing->order[at - 1];
        placing->order[at] = (uint8_t)i;
    }
}

static enum status place_parts(struct placing *placing, struct random *random, struct error *error)
{
    enum status status = STATUS_ADDRESS_EXHAUSTED;
    if (random != NULL)
        put_hardest_first(placing);
    for (unsigned i = 0; random != NULL && i < RANDOM_TRIES && status == STATUS_ADDRESS_EXHAUSTED; i++)
        status = put_parts(placing, random, error);
    if (status != STATUS_ADDRESS_EXHAUSTED)
        return status;
    placing->plan->cramped = random != NULL;
    for (size_t i = 0; i < placing->count; i++)
        placing->order[i] = (uint8_t)i;
    return put_parts(placing, NULL, error);
}

/* Large blocks take part in large pages only if address and physical address agree modulo the page size. */
static uint64_t large_alignment(uint64_t size)
{
    return size >= SIZE_1G ? SIZE_1G : size >= SIZE_2M ? SIZE_2M : PAGE_SIZE;
}

static struct part plain_part(const char *name, struct wish wish, uint64_t size, uint64_t *address)
{
    uint64_t pages = address_pages_size(0, size);
    return (struct part){name, wish, pages, large_alignment(pages), 0, 0, address};
}

enum status address_plan_make(const struct address_needs *needs, struct address_plan *plan, struct error *error)
{
    const struct kernel_plan *kernel = needs->kernel;
    const struct elf_plan *elf = &kernel->elf;
    const struct wish anywhere = {WISH_ANYWHERE, 0};
    struct part parts[ADDRESS_PARTS_MAX];
    size_t count = 0;
    uint64_t base = elf->lowest, recursive = 0, framebuffer = 0;
    uint64_t framebuffer_offset = needs->framebuffer_phys & (PAGE_SIZE - 1);

    *plan = (struct address_plan){0};
    address_space_init(&plan->space, kernel->dynamic_start, kernel->dynamic_end);
    if (elf->relocatable)
        parts[count++] = (struct part){
            "kernel", kernel->base, elf->highest - elf->lowest, elf->alignment, elf->lowest & (elf->alignment - 1),
            0,        &base};
    parts[count++] = (struct part){"stack", kernel->stack, kernel->stack_size, PAGE_SIZE, 0, PAGE_SIZE, &plan->stack};
    parts[count++] = plain_part("boot info", kernel->boot_info, needs->boot_info_size, &plan->boot_info);
    parts[count++] = plain_part("handoff", anywhere, needs->handoff_size, &plan->handoff);
    parts[count++] = plain_part("ramdisk", kernel->ramdisk, needs->ramdisk_size, &plan->ramdisk);
    for (uint32_t i = 0; i < needs->module_count; i++)
        parts[count++] = plain_part("module", anywhere, needs->module_sizes[i], &plan->modules[i]);
    parts[count] =
        plain_part("framebuffer", kernel->framebuffer,
                   needs->framebuffer_size == 0 ? 0 : framebuffer_offset + needs->framebuffer_size, &framebuffer);
    parts[count].offset = align_down(needs->framebuffer_phys, PAGE_SIZE) & (parts[count].alignment - 1);
    count++;
    parts[count++] = plain_part("symbols", kernel->symbols, elf_symbols_size(&kernel->symbol_ranges), &plan->symbols);
    parts[count++] = plain_part("kernel file", kernel->file, kernel->file_size, &plan->kernel_file);
    parts[count++] = plain_part("physical memory", kernel->physical_memory, needs->window_size, &plan->window);
    parts[count++] = (struct part){"recursive page table", kernel->recursive, SLOT_SIZE, SLOT_SIZE, 0, 0, &recursive};

    struct placing placing = {.elf = elf, .parts = parts, .count = count, .plan = plan};
    enum status status = place_parts(&placing, needs->random, error);
    if (status != STATUS_OK)
        return status;

    plan->bias = base - elf->lowest;
    plan->entry = elf->entry + plan->bias;
    plan->framebuffer = framebuffer == 0 ? 0 : framebuffer + framebuffer_offset;
    plan->window_mapped = needs->window_size != 0 && kernel->physical_memory.kind != WISH_NOWHERE;
    plan->recursive_mapped = kernel->recursive.kind != WISH_NOWHERE;
    plan->recursive_slot = (uint32_t)(recursive >> 39) & 511;
    return STATUS_OK;
}
