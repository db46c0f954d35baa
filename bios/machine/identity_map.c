#include "identity_map.h"

#include "boot.h"
#include "checked.h"
#include "cpu.h"
#include "firmware.h"
#include "memory.h"
#include "paging.h"

#define ENTRIES 512
#define PARENT_SPAN (512 * SIZE_1G)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define TABLE_RIGHTS (PAGING_PRESENT | PAGING_WRITE)

/* What identity_map_protect() has decided; the CPU ignores this bit (Intel SDM 3A, table 4-20). */
#define ENTRY_DECIDED (1ull << 9)

static uint64_t root;
static uint64_t next_table_frame; /* for pages of 4 KiB */
static unsigned table_frames_left;
static uint64_t next_frame, frames_left; /* for memory above 4 GiB */
static uint64_t no_execute;              /* the page table bit, 0 on a CPU without it */

static uint64_t *table_at(uint64_t phys)
{
    return (uint64_t *)(uintptr_t)phys;
}

static void flush(void)
{
    __asm__ volatile("mov %%cr3, %%rax\n\tmov %%rax, %%cr3" ::: "rax", "memory");
}

_Noreturn static void out_of_frames(void)
{
    struct error error;
    error_set(&error, STATUS_INTERNAL, "no frame is left for an identity table");
    boot_fail(&error);
}

/* --- the first 4 GiB --------------------------------------------------------------------------------------------- */

void identity_map_init(uint64_t root_frame, uint64_t tables, unsigned count)
{
    root = root_frame;
    next_table_frame = tables;
    table_frames_left = count;
    no_execute = cpu_paging_features().no_execute ? PAGING_NO_EXECUTE : 0;
}

/* The entry of 2 MiB: the four directories lie one after another. */
static uint64_t *directory_entry(uint64_t phys)
{
    return &table_at(root + 2 * PAGE_SIZE)[phys / SIZE_2M];
}

/* Makes one page of 2 MiB 512 pages with the same rights. */
static void split(uint64_t *entry, uint64_t phys)
{
    if (table_frames_left-- == 0)
        out_of_frames();
    uint64_t *table = table_at(next_table_frame);
    for (uint64_t i = 0; i < ENTRIES; i++)
        table[i] = (align_down(phys, SIZE_2M) + i * PAGE_SIZE) | TABLE_RIGHTS;
    *entry = next_table_frame | TABLE_RIGHTS;
    next_table_frame += PAGE_SIZE;
}

static uint64_t rights_bits(enum identity_rights rights)
{
    switch (rights) {
    case IDENTITY_NONE:
        return 0;
    case IDENTITY_READ:
        return PAGING_PRESENT | no_execute;
    case IDENTITY_RUN:
        return PAGING_PRESENT;
    case IDENTITY_ALL:
        break;
    }
    return TABLE_RIGHTS;
}

void identity_map_protect(uint64_t start, uint64_t end, enum identity_rights rights)
{
    for (uint64_t page = align_down(start + PAGE_SIZE - 1, PAGE_SIZE); page < end; page += PAGE_SIZE) {
        uint64_t *entry = directory_entry(page);
        if (*entry & PAGING_LARGE)
            split(entry, page);
        table_at(*entry & ENTRY_ADDRESS)[page / PAGE_SIZE % ENTRIES] = page | rights_bits(rights) | ENTRY_DECIDED;
    }
    flush();
}

static void forbid_execution(uint64_t *table)
{
    for (uint64_t i = 0; i < ENTRIES; i++)
        if (!(table[i] & ENTRY_DECIDED))
            table[i] |= no_execute;
}

void identity_map_start(void)
{
    uint64_t *const end = directory_entry(IDENTITY_MAP_END);
    for (uint64_t *entry = directory_entry(0); entry < end; entry++) {
        if (*entry & PAGING_LARGE)
            *entry |= no_execute;
        else
            forbid_execution(table_at(*entry & ENTRY_ADDRESS));
    }
    flush();
}

/* Where entries are of 2 MiB, what lies beside the code may run, too. */
enum status firmware_allow_execution(uint64_t phys, uint64_t size, struct error *error)
{
    if (!range_ok(phys, size, IDENTITY_MAP_END))
        return error_set(error, STATUS_INTERNAL, "memory at %#llx can't be made executable", (unsigned long long)phys);
    for (uint64_t page = phys; page < phys + size; page += PAGE_SIZE) {
        uint64_t *entry = directory_entry(page);
        if (!(*entry & PAGING_LARGE))
            entry = &table_at(*entry & ENTRY_ADDRESS)[page / PAGE_SIZE % ENTRIES];
        *entry &= ~PAGING_NO_EXECUTE;
    }
    flush();
    return STATUS_OK;
}

/* --- above 4 GiB ------------------------------------------------------------------------------------------------- */

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
    if (frames_left == 0)
        out_of_frames();
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
    uint64_t *parent = next_table(&table_at(root)[phys >> 39 & (ENTRIES - 1)]);
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

/* --- other addresses ------------------------------------------------------------------------------------------------
 */

void identity_map_alias(uint64_t virt, uint64_t phys, uint64_t size, uint64_t tables)
{
    uint64_t *table = table_at(root);
    memset(table_at(tables), 0, IDENTITY_ALIAS_TABLES_SIZE);
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        table[virt >> shift & (ENTRIES - 1)] = tables | TABLE_RIGHTS;
        table = table_at(tables);
        tables += PAGE_SIZE;
    }
    for (uint64_t at = 0; at < size; at += PAGE_SIZE)
        table[(virt + at) / PAGE_SIZE % ENTRIES] = (phys + at) | TABLE_RIGHTS | no_execute;
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    uint64_t last = size > 0 ? phys + size - 1 : phys;
    for (uint64_t at = align_down(phys, SIZE_1G); last >= IDENTITY_MAP_END && at <= last; at += SIZE_1G)
        if (at >= IDENTITY_MAP_END)
            map_gigabyte(at);
    return (void *)(uintptr_t)phys;
}
