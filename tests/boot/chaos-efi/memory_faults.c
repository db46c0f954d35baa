/* Faults of the memory map, of pages, and of the way out. */
#include "chaos.h"

#include "checked.h"
#include "memory.h"

#define REFUSALS 3u
#define REFUSALS_FOR_EVER 1000000u
#define MANY_ENTRIES 300u
#define GROWTH_ENTRIES 20u
#define WIDE_DESCRIPTOR 64u
#define FAR_AWAY 0x4000000000ull /* far above RAM, below 2^40 */
#define HIDDEN_MAX 256u

static struct {
    unsigned refusals_left;
    bool leaving; /* ExitBootServices was tried, and failed */
    unsigned map_reads;
    unsigned claims;
    uint8_t raw[65536];
} state;

static struct {
    unsigned count;
    EFI_PHYSICAL_ADDRESS start[HIDDEN_MAX];
    UINTN pages[HIDDEN_MAX];
} hidden;

/* --- the way out ------------------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
    EFI_PHYSICAL_ADDRESS page;
    if (state.refusals_left == 0) {
        state.leaving = false; /* the firmware's own drivers free memory by this table on their way out */
        const EFI_STATUS status = chaos.real.ExitBootServices(image, key);
        state.leaving = true;
        return status;
    }
    state.leaving = true;
    state.refusals_left--;
    chaos.real.AllocatePages(AllocateAnyPages, EfiBootServicesData, 1, &page); /* the key is stale now */
    return EFI_INVALID_PARAMETER;
}

static void watch(const char *violation)
{
    if (state.leaving)
        chaos_say(violation);
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN size, VOID **memory)
{
    watch("VIOLATION AllocatePool after ExitBootServices was tried");
    return chaos.real.AllocatePool(type, size, memory);
}

static EFI_STATUS EFIAPI free_pool(VOID *memory)
{
    watch("VIOLATION FreePool after ExitBootServices was tried");
    return chaos.real.FreePool(memory);
}

/* --- pages ------------------------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages,
                                        EFI_PHYSICAL_ADDRESS *memory)
{
    watch("VIOLATION AllocatePages after ExitBootServices was tried");
    if (how == AllocateAddress && chaos_wants("claims-refused"))
        return EFI_OUT_OF_RESOURCES;
    if (how == AllocateAddress && chaos_wants("claims-busy") && state.claims++ % 2 == 0)
        return EFI_NOT_FOUND;
    return chaos.real.AllocatePages(how, type, pages, memory);
}

/* --- the map ----------------------------------------------------------------------------------------------------- */

static UINTN extra_entries(void)
{
    return (chaos_wants("map-many") ? MANY_ENTRIES : 0) +
           (chaos_wants("map-grows") ? state.map_reads++ * GROWTH_ENTRIES : 0);
}

/* Every second one says nothing, at an address that is RAM. */
static EFI_MEMORY_DESCRIPTOR extra_entry(UINTN index)
{
    return (EFI_MEMORY_DESCRIPTOR){
        .Type = index % 2 == 0 ? EfiReservedMemoryType : EfiUnusableMemory,
        .PhysicalStart = index % 2 == 0 ? FAR_AWAY + index * PAGE_SIZE : index * 16 * PAGE_SIZE,
        .NumberOfPages = index % 2 == 0 ? 1 : 0,
    };
}

/* Writes the map backwards, so that it is unsorted, and poisons what lies behind the fields of the 2.0-era descriptor.
 */
static EFI_STATUS EFIAPI get_memory_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *step,
                                        UINT32 *version)
{
    UINTN raw_size = sizeof state.raw, raw_step;
    const EFI_STATUS status =
        chaos.real.GetMemoryMap(&raw_size, (EFI_MEMORY_DESCRIPTOR *)(void *)state.raw, key, &raw_step, version);
    if (EFI_ERROR(status))
        return status;
    const UINTN count = raw_size / raw_step, extra = extra_entries();
    const UINTN room = *size;
    *step = chaos_wants("descriptor-64") ? WIDE_DESCRIPTOR : raw_step;
    *size = (count + extra) * *step;
    if (room < *size)
        return EFI_BUFFER_TOO_SMALL;
    uint8_t *to = (uint8_t *)map;
    memset(to, 0xcc, *size);
    for (UINTN i = 0; i < count; i++, to += *step)
        memcpy(to, state.raw + (count - 1 - i) * raw_step, sizeof(EFI_MEMORY_DESCRIPTOR));
    for (UINTN i = 0; i < extra; i++, to += *step) {
        const EFI_MEMORY_DESCRIPTOR entry = extra_entry(i);
        memcpy(to, &entry, sizeof entry);
    }
    return EFI_SUCCESS;
}

void chaos_patch_memory(void)
{
    if (chaos_wants("exit-refused"))
        state.refusals_left = REFUSALS;
    if (chaos_wants("exit-refused-for-ever"))
        state.refusals_left = REFUSALS_FOR_EVER;
    chaos.boot->ExitBootServices = exit_boot_services;
    chaos.boot->AllocatePool = allocate_pool;
    chaos.boot->FreePool = free_pool;
    chaos.boot->AllocatePages = allocate_pages;
    if (chaos_wants("map-many") || chaos_wants("map-grows") || chaos_wants("descriptor-64"))
        chaos.boot->GetMemoryMap = get_memory_map;
}

/* --- an image above 4 GiB ---------------------------------------------------------------------------------------- */

void chaos_hide_low_memory(void)
{
    UINTN size = sizeof state.raw, key, step;
    UINT32 version;
    if (!chaos_wants("high") ||
        EFI_ERROR(chaos.boot->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)(void *)state.raw, &key, &step, &version)))
        return;
    for (UINTN at = 0; at + step <= size && hidden.count < HIDDEN_MAX; at += step) {
        EFI_MEMORY_DESCRIPTOR entry;
        memcpy(&entry, state.raw + at, sizeof entry);
        EFI_PHYSICAL_ADDRESS start = entry.PhysicalStart;
        if (entry.Type != EfiConventionalMemory || start >= 4 * SIZE_1G ||
            EFI_ERROR(chaos.boot->AllocatePages(AllocateAddress, EfiLoaderData, entry.NumberOfPages, &start)))
            continue;
        hidden.start[hidden.count] = start;
        hidden.pages[hidden.count++] = entry.NumberOfPages;
    }
}

void chaos_show_low_memory(void)
{
    while (hidden.count-- > 0)
        chaos.boot->FreePages(hidden.start[hidden.count], hidden.pages[hidden.count]);
    hidden.count = 0;
}
