#include "identity_map.h"

#include "boot.h"
#include "checked.h"
#include "cpu.h"
#include "firmware.h"
#include "low_memory.h"
#include "memory.h"
#include "paging.h"

#define ENTRIES 512
#define PARENT_SPAN (512 * SIZE_1G)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define TABLE_RIGHTS (PAGING_PRESENT | PAGING_WRITE)

/* The frames of LOW_PAGE_TABLES as stage 3 fills them. */
#define ROOT (LOW_PAGE_TABLES_START + 0 * PAGE_SIZE)
#define FIRST_DIRECTORY (LOW_PAGE_TABLES_START + 2 * PAGE_SIZE)
#define FIRST_TABLE (LOW_PAGE_TABLES_START + 6 * PAGE_SIZE)
_Static_assert(FIRST_TABLE + PAGE_SIZE <= LOW_PAGE_TABLES_END, "low_memory.def gives room for seven tables");

extern const uint8_t text_start[], text_end[], data_start[]; /* stages.ld */

static uint64_t next_frame, frames_left;
static uint64_t no_execute; /* the page table bit, 0 on a CPU without it */

static uint64_t *table_at(uint64_t phys)
{
    return (uint64_t *)(uintptr_t)phys;
}

static void flush(void)
{
    __asm__ volatile("mov %%cr3, %%rax\n\tmov %%rax, %%cr3" ::: "rax", "memory");
}

/* Rights of one of the first 2 MiB's pages. Stage 2's page is written and run: the glove box keeps its data beside it. */
static uint64_t low_rights(uint64_t page)
{
    if (page == 0 || page == LOW_STACK_GUARD_START)
        return 0;
    if (page == LOW_LOADER_START)
        return TABLE_RIGHTS;
    if (page >= (uintptr_t)text_start && page < (uintptr_t)text_end)
        return PAGING_PRESENT;
    if (page >= (uintptr_t)text_end && page < (uintptr_t)data_start)
        return PAGING_PRESENT | no_execute;
    return TABLE_RIGHTS | no_execute;
}

void identity_map_start(void)
{
    no_execute = cpu_paging_features().no_execute ? PAGING_NO_EXECUTE : 0;
    for (uint64_t page = 0; page < SIZE_2M; page += PAGE_SIZE)
        table_at(FIRST_TABLE)[page / PAGE_SIZE] = page | low_rights(page);
    uint64_t *directory = table_at(FIRST_DIRECTORY);
    for (uint64_t i = 1; i < IDENTITY_MAP_END / SIZE_2M; i++) /* the four directories lie one after another */
        directory[i] |= no_execute;
    directory[0] = FIRST_TABLE | TABLE_RIGHTS;
    flush();
}

uint64_t identity_map_frames(uint64_t start, uint64_t end)
{
    uint64_t directories = (end - 1) / SIZE_1G - start / SIZE_1G + 1;
    uint64_t parents = (end - 1) / PARENT_SPAN - start / PARENT_SPAN + 1;
    return cpu_paging_features().gigabyte_pages ? parents : parents + directories;
}

void identity_map_room(uint64_t phys, uint64_t frames)
{
    next_frame = phys;
    frames_left = frames;
}

static uint64_t take_frame(void)
{
    if (frames_left == 0) {
        struct error error;
        error_set(&error, STATUS_INTERNAL, "no frame is left for an identity table");
        boot_fail(&error);
    }
    uint64_t frame = next_frame;
    next_frame += PAGE_SIZE;
    frames_left--;
    memset(table_at(frame), 0, PAGE_SIZE);
    return frame;
}

static uint64_t *next_table(uint64_t *entry)
{
    if (!(*entry & PAGING_PRESENT))
        *entry = take_frame() | TABLE_RIGHTS;
    return table_at(*entry & ENTRY_ADDRESS);
}

static void map_gigabyte(uint64_t phys)
{
    uint64_t *parent = next_table(&table_at(ROOT)[phys >> 39 & (ENTRIES - 1)]);
    uint64_t *entry = &parent[phys >> 30 & (ENTRIES - 1)];
    if (*entry & PAGING_PRESENT)
        return;
    if (cpu_paging_features().gigabyte_pages) {
        *entry = phys | TABLE_RIGHTS | PAGING_LARGE | no_execute;
        return;
    }
    uint64_t *directory = next_table(entry);
    for (uint64_t i = 0; i < ENTRIES; i++)
        directory[i] = (phys + i * SIZE_2M) | TABLE_RIGHTS | PAGING_LARGE | no_execute;
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    uint64_t last = size > 0 ? phys + size - 1 : phys;
    for (uint64_t at = align_down(phys, SIZE_1G); last >= IDENTITY_MAP_END && at <= last; at += SIZE_1G)
        if (at >= IDENTITY_MAP_END)
            map_gigabyte(at);
    return (void *)(uintptr_t)phys;
}
