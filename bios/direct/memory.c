/* Memory: what the starter's map says, and the end of common/firmware.h. */
#include "efi_memory.h"
#include "firmware.h"
#include "machine_facts.h"
#include "memory_map.h"
#include "memory_source.h"

/* What the map may lack: struct memory_cursor.calls is how much of it was told. */
enum { EXTRA_KEPT_PAGE, EXTRA_FRAMEBUFFER, EXTRAS };

enum status memory_source_start(uint32_t *count, struct error *error)
{
    struct starter_region region;
    uint64_t place = 0;
    *count = EXTRAS;
    while (starter_map_next(&facts_starter()->map, &place, &region))
        ++*count;
    if (*count == EXTRAS)
        return error_set(error, STATUS_NO_MEMORY_MAP,
                         "the loader or VMM that started us tells nothing of the memory: use a newer one");
    return STATUS_OK;
}

/* False where there is no such thing. */
static bool extra_entry(uint32_t extra, struct memory_entry *entry)
{
    const struct boot_framebuffer *framebuffer = &facts_starter()->framebuffer;
    if (extra == EXTRA_KEPT_PAGE)
        *entry = (struct memory_entry){facts_kept_page(), PAGE_SIZE, BOOT_MEMORY_ACPI_RECLAIMABLE, UINT32_MAX};
    else
        *entry = (struct memory_entry){framebuffer->phys, framebuffer->size, BOOT_MEMORY_FRAMEBUFFER, UINT32_MAX};
    return entry->phys != 0;
}

bool memory_source_next(struct memory_cursor *cursor, struct memory_entry *entry)
{
    struct starter_region region;
    while (starter_map_next(&facts_starter()->map, &cursor->place, &region)) {
        *entry = (struct memory_entry){region.phys, region.size, region.type, region.firmware_type};
        if (region.size != 0) /* qboot's list ends with such */
            return true;
    }
    while (cursor->calls < EXTRAS)
        if (extra_entry(cursor->calls++, entry))
            return true;
    return false;
}

bool memory_source_in_use(unsigned index, uint64_t *phys, uint64_t *size)
{
    const struct starter *starter = facts_starter();
    struct content_piece image = facts_image();
    if (index > starter->in_use_count)
        return false;
    *phys = index == 0 ? image.phys : starter->in_use[index - 1].phys;
    *size = index == 0 ? image.size : starter->in_use[index - 1].size;
    return true;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

size_t firmware_efi_map_room(void)
{
    return facts_starter()->efi_map.entries.size;
}

/* The starter has ended boot services; its map is the last one. */
enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    const struct starter *starter = facts_starter();
    struct span raw = starter->efi_map.entries;
    if (raw.size != 0) {
        memcpy(firmware_map(efi->memory_map_phys, raw.size), raw.data, raw.size);
        efi->memory_map_size = raw.size;
        efi->descriptor_size = starter->efi_map.step;
        efi->descriptor_version = starter->efi_map_version;
    }
    efi->system_table_phys = starter->efi_system_table_phys;
    return memory_map_final(map, error);
}
