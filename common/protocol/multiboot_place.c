/* Where a Multiboot kernel's segments go. */
#include "multiboot_place.h"

#include "checked.h"

static enum status take_at(struct frames *frames, uint64_t phys, uint64_t size, uint64_t *taken, struct error *error)
{
    const struct frames_wish wish = {.pages = size / PAGE_SIZE,
                                     .alignment = PAGE_SIZE,
                                     .above = phys,
                                     .below = phys + size,
                                     .type = BOOT_MEMORY_KERNEL,
                                     .what = "Multiboot kernel"};
    return frames_take(frames, &wish, taken, error);
}

/* --- a kernel that may lie anywhere ------------------------------------------------------------------------------- */

/* Where it was linked for, if it has no other preference: that saves the firmware's memory from being moved over. */
static bool is_at_home(const struct multiboot_plan *plan, const struct frames_wish *wish)
{
    return plan->preference != MULTIBOOT_LOWEST && plan->preference != MULTIBOOT_HIGHEST &&
           is_aligned(plan->start, wish->alignment) && plan->start >= plan->lowest && plan->end <= wish->below;
}

static enum status take_anywhere(const struct multiboot_plan *plan, struct frames *frames,
                                 struct multiboot_places *places, struct error *error)
{
    uint64_t size = places->list[0].size, phys = 0;
    struct frames_wish wish = {.pages = size / PAGE_SIZE,
                               .alignment = plan->alignment > PAGE_SIZE ? plan->alignment : PAGE_SIZE,
                               .above = plan->lowest,
                               .below = plan->highest + 1ull,
                               .highest = plan->preference == MULTIBOOT_HIGHEST,
                               .type = BOOT_MEMORY_KERNEL,
                               .what = "Multiboot kernel"};
    enum status status = STATUS_OUT_OF_MEMORY;
    if (is_at_home(plan, &wish))
        status = take_at(frames, plan->start, size, &phys, error);
    if (status == STATUS_OUT_OF_MEMORY)
        status = frames_take(frames, &wish, &phys, error);
    places->list[0] = (struct multiboot_place){.phys = phys, .size = size, .loaded_at = phys};
    places->bias = phys - plan->start;
    return status;
}

/* --- one that was linked for its place ---------------------------------------------------------------------------- */

/* All of it is RAM that nobody needs once the firmware is left. */
static bool is_ram(const struct memmap *map, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < map->count && start < end; i++) {
        const struct boot_memory_region *region = &map->regions[i];
        if ((region->type == BOOT_MEMORY_USABLE || region->type == MEMMAP_LOADER_IN_USE) && region->phys <= start &&
            start - region->phys < region->size)
            start = region->phys + region->size;
    }
    return start >= end;
}

/* What was taken for longer than the loader runs: a framebuffer. */
static bool is_taken(const struct frames *frames, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < frames->claim_count; i++) {
        const struct frames_claim *claim = &frames->claims[i];
        if (claim->type != BOOT_MEMORY_USABLE && claim->phys < end && start < claim->phys + claim->pages * PAGE_SIZE)
            return true;
    }
    return false;
}

/* Memory that is in use is kept clear of what is taken later, and stays what it is until the end. */
static enum status take_place(struct multiboot_place *place, struct frames *frames, bool at_once, struct error *error)
{
    if (!is_ram(&frames->map, place->phys, place->phys + place->size) ||
        is_taken(frames, place->phys, place->phys + place->size))
        return error_set(error, STATUS_PLACE_RESERVED,
                         "the kernel was linked for %#llx to %#llx, where this machine has no free memory",
                         (unsigned long long)place->phys, (unsigned long long)(place->phys + place->size));
    enum status status = take_at(frames, place->phys, place->size, &place->loaded_at, error);
    if (status != STATUS_OUT_OF_MEMORY || at_once)
        return status;
    place->loaded_at = 0;
    return frames_avoid(frames, place->phys, place->size, BOOT_MEMORY_KERNEL, error);
}

static enum status take_staging(struct multiboot_place *place, struct frames *frames, struct error *error)
{
    if (place->loaded_at != 0)
        return STATUS_OK;
    return frames_take_pages(frames, place->size, MULTIBOOT_END, BOOT_MEMORY_LOADER_RECLAIMABLE, "Multiboot kernel",
                             &place->loaded_at, error);
}

/* --- both -------------------------------------------------------------------------------------------------------- */

/* Segments that meet in a page go together; a relocatable kernel is one piece. */
static void list_places(const struct multiboot_plan *plan, struct multiboot_places *places)
{
    places->count = 0;
    places->bias = 0;
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct multiboot_segment *segment = &plan->segments[i];
        struct multiboot_place *last = places->count > 0 ? &places->list[places->count - 1] : NULL;
        uint64_t start = plan->relocatable ? plan->start : segment->phys;
        start = align_down(start, PAGE_SIZE);
        uint64_t end = align_down(segment->phys + segment->memory_size + PAGE_SIZE - 1, PAGE_SIZE);
        if (last != NULL && (plan->relocatable || last->phys + last->size >= start))
            last->size = end - last->phys;
        else
            places->list[places->count++] = (struct multiboot_place){.phys = start, .size = end - start};
    }
}

enum status multiboot_place(const struct multiboot_plan *plan, bool at_once, struct frames *frames,
                            struct multiboot_places *places, struct error *error)
{
    enum status status = STATUS_OK;
    list_places(plan, places);
    if (plan->relocatable)
        return take_anywhere(plan, frames, places, error);
    for (uint32_t i = 0; i < places->count && status == STATUS_OK; i++)
        status = take_place(&places->list[i], frames, at_once, error);
    for (uint32_t i = 0; i < places->count && status == STATUS_OK; i++)
        status = take_staging(&places->list[i], frames, error);
    return status;
}
