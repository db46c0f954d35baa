#include "machine_use.h"

#include "checked.h"

/* UEFI 2.10, 2.3.4: applications have at least 128 KiB of stack; above its pointer lie the frames of our callers. */
#define STACK_BELOW (128u * 1024)
#define STACK_ABOVE (64u * 1024)
#define CR3_ADDRESS 0x000ffffffffff000ull

struct table_register { /* as SGDT and SIDT write it, from `limit` on */
    uint16_t padding[3];
    uint16_t limit;
    uint64_t base;
};

/* The free region of a raw map that holds `address`; false if that is not RAM, or known to be in use. */
static bool find_free(const struct memmap *map, uint64_t address, uint64_t *start, uint64_t *end)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct boot_memory_region *region = &map->regions[i];
        if (region->type != BOOT_MEMORY_USABLE || address < region->phys || address - region->phys >= region->size)
            continue;
        *start = region->phys;
        *end = region->phys + region->size;
        return true;
    }
    return false;
}

/* Marks the pages of [address - below, address + above), as far as they are in one free region with `address`. */
static enum status add(struct memmap *map, uint64_t address, uint64_t below, uint64_t above, struct error *error)
{
    uint64_t start, end;
    if (!find_free(map, address, &start, &end))
        return STATUS_OK;
    if (address - start > below)
        start = align_down(address - below, PAGE_SIZE);
    if (end - address > above && align_up_ok(address + above, PAGE_SIZE, &above) && above < end)
        end = above;
    return memmap_add(map, start, end - start, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
}

static enum status add_tables(struct memmap *map, struct error *error)
{
    struct table_register gdt, idt;
    uint64_t cr3;
    __asm__ volatile("sgdt %0" : "=m"(gdt.limit), "=m"(gdt.base));
    __asm__ volatile("sidt %0" : "=m"(idt.limit), "=m"(idt.base));
    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    enum status status = add(map, gdt.base, 0, gdt.limit + 1ull, error);
    if (status == STATUS_OK)
        status = add(map, idt.base, 0, idt.limit + 1ull, error);
    return status != STATUS_OK ? status : add(map, cr3 & CR3_ADDRESS, 0, PAGE_SIZE, error);
}

enum status machine_use_add(struct memmap *map, struct error *error)
{
    const enum status status = add(map, (uintptr_t)__builtin_frame_address(0), STACK_BELOW, STACK_ABOVE, error);
    return status != STATUS_OK ? status : add_tables(map, error);
}
