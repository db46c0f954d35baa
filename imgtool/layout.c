#include "layout.h"

#include "gpt.h"
#include "iso_format.h"

#include <stddef.h>

#define ENTRIES_SECTORS (GPT_ENTRY_COUNT * GPT_ENTRY_SIZE / LAYOUT_SECTOR_SIZE)
#define BACKUP_SECTORS (ENTRIES_SECTORS + 1)
#define MBR_SECTORS_MAX (1ull << 32)

static uint64_t align_up(uint64_t sectors)
{
    return (sectors + LAYOUT_ALIGNMENT - 1) / LAYOUT_ALIGNMENT * LAYOUT_ALIGNMENT;
}

/* Of the stages, which begin at a block of a CD, too. */
static uint64_t stages_room(const struct layout_wishes *wishes)
{
    return (wishes->stages_sectors + ISO_BLOCK_SECTORS - 1) / ISO_BLOCK_SECTORS * ISO_BLOCK_SECTORS;
}

/* Where the partitions begin. The gap has room for two sets of stages, so that an update can put new ones there. */
static uint64_t gap_end(const struct layout_wishes *wishes)
{
    if (wishes->iso_sectors == 0)
        return LAYOUT_ALIGNMENT;
    return align_up(LAYOUT_ISO_FIRST + wishes->iso_sectors +
                    (wishes->table == LAYOUT_MBR ? 2 * stages_room(wishes) : 0));
}

static uint64_t esp_first(const struct layout_wishes *wishes)
{
    if (wishes->table == LAYOUT_NONE)
        return 0;
    return gap_end(wishes) + (wishes->table == LAYOUT_GPT && wishes->stages_sectors != 0 ? LAYOUT_ALIGNMENT : 0);
}

static uint64_t stages_first(const struct layout_wishes *wishes)
{
    if (wishes->table == LAYOUT_NONE)
        return LAYOUT_VOLUME_STAGES;
    if (wishes->table == LAYOUT_GPT)
        return gap_end(wishes);
    return wishes->iso_sectors != 0 ? gap_end(wishes) - stages_room(wishes) : 1; /* a CD's directories may grow */
}

static uint64_t backup_sectors(const struct layout_wishes *wishes)
{
    return wishes->table == LAYOUT_GPT ? BACKUP_SECTORS : 0;
}

/* Of the further partitions, which lie behind the FAT volume. */
static uint64_t extra_room(const struct layout_wishes *wishes)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < wishes->extra_count; i++)
        sum += align_up(wishes->extra_sectors[i]);
    return sum;
}

uint64_t layout_esp_room(const struct layout_wishes *wishes)
{
    uint64_t taken = esp_first(wishes) + extra_room(wishes) + backup_sectors(wishes);
    if (wishes->sectors <= taken)
        return 0;
    if (wishes->table == LAYOUT_NONE)
        return wishes->sectors;
    return (wishes->sectors - taken) / LAYOUT_ALIGNMENT * LAYOUT_ALIGNMENT;
}

static void place_extra(const struct layout_wishes *wishes, struct layout *layout)
{
    uint64_t next = align_up(layout->esp.first + layout->esp.count);
    for (uint32_t i = 0; i < wishes->extra_count; i++) {
        layout->extra[i] = (struct layout_extent){next, wishes->extra_sectors[i]};
        next += align_up(wishes->extra_sectors[i]);
    }
    layout->extra_count = wishes->extra_count;
}

static void place_gpt(struct layout *layout)
{
    layout->primary_header = (struct layout_extent){GPT_PRIMARY_LBA, 1};
    layout->primary_entries = (struct layout_extent){GPT_PRIMARY_LBA + 1, ENTRIES_SECTORS};
    layout->backup_entries = (struct layout_extent){layout->sectors - BACKUP_SECTORS, ENTRIES_SECTORS};
    layout->backup_header = (struct layout_extent){layout->sectors - 1, 1};
    if (layout->stages.count == 0)
        return;
    layout->bios_partition = (struct layout_extent){layout->stages.first, LAYOUT_ALIGNMENT};
}

static bool overlap(const struct layout_extent *a, const struct layout_extent *b)
{
    return a->count != 0 && b->count != 0 && a->first < b->first + b->count && b->first < a->first + a->count;
}

/* All parts against each other: what is written later relies on it. On a bare volume the stages lie in it. */
static enum exit_code check(const struct layout *layout)
{
    const struct layout_extent *parts[8 + LAYOUT_EXTRA_MAX] = {
        &layout->mbr, &layout->primary_header, &layout->primary_entries,
        &layout->esp, &layout->backup_header,  &layout->backup_entries,
        &layout->iso, &layout->stages,
    };
    size_t count = layout->table == LAYOUT_NONE ? 7 : 8;
    for (uint32_t i = 0; i < layout->extra_count; i++)
        parts[count++] = &layout->extra[i];
    for (size_t i = 0; i < count; i++) {
        if (parts[i]->count != 0 && parts[i]->first + parts[i]->count > layout->sectors)
            return failure(EXIT_FAILED, "bug: a part of the image ends behind its %lu sectors", layout->sectors);
        for (size_t j = 0; j < i; j++)
            if (overlap(parts[i], parts[j]))
                return failure(EXIT_FAILED, "bug: two parts of the image overlap at sector %lu", parts[i]->first);
    }
    if (layout->table == LAYOUT_MBR && layout->sectors > MBR_SECTORS_MAX)
        return failure(EXIT_INPUT_REJECTED,
                       "the image would have %lu sectors; an MBR can describe 2 TiB: use --table gpt", layout->sectors);
    if (layout->iso.count != 0 && layout->sectors / ISO_BLOCK_SECTORS > UINT32_MAX)
        return failure(EXIT_INPUT_REJECTED,
                       "the image would have %lu blocks of 2 KiB; a CD's descriptors can describe 8 TiB: make it "
                       "smaller, or build it without --iso",
                       layout->sectors / ISO_BLOCK_SECTORS);
    return EXIT_OK;
}

enum exit_code layout_make(const struct layout_wishes *wishes, uint64_t esp_sectors, struct layout *layout)
{
    uint64_t sectors = wishes->sectors;
    if (wishes->extra_count > LAYOUT_EXTRA_MAX)
        return failure(EXIT_FAILED, "bug: %u further partitions", wishes->extra_count);
    if (sectors == 0)
        sectors = align_up(align_up(esp_first(wishes) + esp_sectors) + extra_room(wishes) + backup_sectors(wishes));
    *layout = (struct layout){
        .table = wishes->table,
        .sectors = sectors,
        .mbr = {0, wishes->table == LAYOUT_NONE ? 0 : 1},
        .stages = {stages_first(wishes), wishes->stages_sectors},
        .iso = {LAYOUT_ISO_FIRST, wishes->iso_sectors},
        .esp = {esp_first(wishes), esp_sectors},
    };
    if (wishes->table == LAYOUT_GPT)
        place_gpt(layout);
    place_extra(wishes, layout);
    return check(layout);
}
