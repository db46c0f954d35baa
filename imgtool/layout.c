#include "layout.h"

#include "gpt.h"

#include <stddef.h>

#define ENTRIES_SECTORS (GPT_ENTRY_COUNT * GPT_ENTRY_SIZE / LAYOUT_SECTOR_SIZE)
#define BACKUP_SECTORS (ENTRIES_SECTORS + 1)

static uint64_t esp_first(enum layout_table table)
{
    return table == LAYOUT_GPT ? 2 * LAYOUT_ALIGNMENT : LAYOUT_ALIGNMENT;
}

static uint64_t backup_sectors(enum layout_table table)
{
    return table == LAYOUT_GPT ? BACKUP_SECTORS : 0;
}

uint64_t layout_esp_room(enum layout_table table, uint64_t image_sectors)
{
    uint64_t taken = esp_first(table) + backup_sectors(table);
    if (image_sectors <= taken)
        return 0;
    return (image_sectors - taken) / LAYOUT_ALIGNMENT * LAYOUT_ALIGNMENT;
}

static void place(enum layout_table table, uint64_t sectors, uint64_t esp_sectors, uint64_t stages_sectors,
                  struct layout *layout)
{
    *layout = (struct layout){
        .table = table,
        .sectors = sectors,
        .mbr = {0, 1},
        .stages = {1, stages_sectors},
        .esp = {esp_first(table), esp_sectors},
    };
    if (table == LAYOUT_MBR)
        return;
    layout->primary_header = (struct layout_extent){GPT_PRIMARY_LBA, 1};
    layout->primary_entries = (struct layout_extent){GPT_PRIMARY_LBA + 1, ENTRIES_SECTORS};
    layout->bios_partition = (struct layout_extent){LAYOUT_ALIGNMENT, LAYOUT_ALIGNMENT};
    layout->stages.first = LAYOUT_ALIGNMENT;
    layout->backup_entries = (struct layout_extent){sectors - BACKUP_SECTORS, ENTRIES_SECTORS};
    layout->backup_header = (struct layout_extent){sectors - 1, 1};
}

static bool overlap(const struct layout_extent *a, const struct layout_extent *b)
{
    return a->count != 0 && b->count != 0 && a->first < b->first + b->count && b->first < a->first + a->count;
}

/* All parts against each other: what is written later relies on it. */
static enum exit_code check(const struct layout *layout)
{
    const struct layout_extent *const parts[] = {
        &layout->mbr, &layout->primary_header, &layout->primary_entries, &layout->stages,
        &layout->esp, &layout->backup_entries, &layout->backup_header,
    };
    const size_t count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < count; i++) {
        if (parts[i]->count != 0 && parts[i]->first + parts[i]->count > layout->sectors)
            return failure(EXIT_FAILED, "bug: a part of the image ends behind its %lu sectors", layout->sectors);
        for (size_t j = 0; j < i; j++)
            if (overlap(parts[i], parts[j]))
                return failure(EXIT_FAILED, "bug: two parts of the image overlap at sector %lu", parts[i]->first);
    }
    return EXIT_OK;
}

enum exit_code layout_make(enum layout_table table, uint64_t image_sectors, uint64_t esp_sectors,
                           uint64_t stages_sectors, struct layout *layout)
{
    uint64_t sectors = image_sectors;
    if (sectors == 0) {
        sectors = esp_first(table) + esp_sectors + backup_sectors(table);
        sectors = (sectors + LAYOUT_ALIGNMENT - 1) / LAYOUT_ALIGNMENT * LAYOUT_ALIGNMENT;
    }
    place(table, sectors, esp_sectors, stages_sectors, layout);
    return check(layout);
}
