#include "loader_update.h"

#include "../bios/image_format.h"
#include "checked.h"
#include "loader_files.h"
#include "mbr.h"

#include <stagecoach/boot.h>

#include <stdlib.h>
#include <string.h>

#define STAGES_ALIGNMENT 8u /* sectors: 4 KiB, so that no sector of a 4Kn disk is shared with the old ones */

struct sectors {
    uint64_t first, end;
};

/* Where stages may lie: the BIOS boot partition of a GPT disk, the gap before the first partition of an MBR disk. */
static struct sectors find_region(const struct partition_table *table, uint64_t disk_sectors)
{
    struct sectors gap = {1, disk_sectors};
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->partitions[i];
        bool boot = memcmp(partition->type_guid, partition_guid_bios_boot, sizeof partition->type_guid) == 0;
        if (table->kind == BOOT_DISK_GPT && boot)
            return (struct sectors){partition->first_lba, partition->last_lba + 1};
        if (partition->first_lba < gap.end)
            gap.end = partition->first_lba;
    }
    if (table->kind != BOOT_DISK_MBR)
        gap.end = gap.first;
    return gap;
}

/* `size` sectors of the region that are not the old ones: at its start, or behind them. */
static bool find_place(struct sectors region, struct sectors old, uint64_t size, uint64_t *first)
{
    uint64_t start = region.first;
    if (start < old.end && old.first < start + size &&
        !align_up_ok(old.end > start ? old.end : start, STAGES_ALIGNMENT, &start))
        return false;
    *first = start;
    return start < region.end && size <= region.end - start;
}

/* Is what lies at `lba` what we would write? */
static bool stages_equal(struct block *disk, const uint8_t *stages, uint64_t size, uint64_t lba)
{
    struct error ignored;
    uint8_t *there = malloc(size);
    bool equal = there != NULL && lba < disk->size / BIOS_SECTOR_SIZE &&
                 block_read(disk, lba * BIOS_SECTOR_SIZE, size, there, &ignored) == STATUS_OK &&
                 memcmp(there, stages, size) == 0;
    free(there);
    return equal;
}

/* Stage 1 is ours if it names stages that are. */
static bool is_ours(struct block *disk, const struct bios_stage1_patch *patch)
{
    struct bios_stages_header header;
    struct error ignored;
    return patch->stages_lba != 0 && patch->stages_sectors != 0 &&
           range_ok(patch->stages_lba, patch->stages_sectors, disk->size / BIOS_SECTOR_SIZE) &&
           block_read(disk, patch->stages_lba * BIOS_SECTOR_SIZE, sizeof header, &header, &ignored) == STATUS_OK &&
           memcmp(header.magic, BIOS_STAGES_MAGIC, sizeof header.magic) == 0 && header.image_id == patch->image_id;
}

struct replacement {
    struct block *disk;
    const struct partition_table *table;
    const char *name;
    struct mbr mbr; /* as it is */
    struct bios_stage1_patch patch;
    const uint8_t *stages; /* the new ones */
};

/* Adds the new stages, if they are not there, and says in the patch where they will lie. */
static enum exit_code plan_stages(struct replacement *plan, struct changes *prepare)
{
    struct bios_stage1_patch *patch = &plan->patch;
    uint64_t size = loader_stages().size, sectors = size / BIOS_SECTOR_SIZE;
    struct sectors old = {patch->stages_lba, patch->stages_lba + patch->stages_sectors};
    if (patch->stages_sectors == sectors && stages_equal(plan->disk, plan->stages, size, patch->stages_lba))
        return EXIT_OK;
    struct sectors region = find_region(plan->table, plan->disk->size / BIOS_SECTOR_SIZE);
    if (!find_place(region, old, sectors, &patch->stages_lba))
        return failure(EXIT_IO,
                       "%s: the BIOS boot partition, or the gap behind the MBR, has no room for new stages of %lu KiB "
                       "beside the old ones; build the image anew",
                       plan->name, size / 1024);
    patch->stages_sectors = (uint16_t)sectors;
    return changes_add(prepare, 0, patch->stages_lba * BIOS_SECTOR_SIZE, plan->stages, size);
}

static enum exit_code plan_mbr(const struct replacement *plan, struct changes *commit)
{
    struct mbr mbr = plan->mbr;
    const uint32_t gap_size = BIOS_STAGE1_GAP_END - BIOS_STAGE1_GAP_START;
    memcpy(mbr.code, loader_stage1().data, sizeof mbr.code);
    /* What firmware, or who formatted the disk, has put there is theirs. */
    memcpy(mbr.code + BIOS_STAGE1_GAP_START, plan->mbr.code + BIOS_STAGE1_GAP_START, gap_size);
    memcpy(mbr.code + BIOS_STAGE1_PATCH_OFFSET, &plan->patch, sizeof plan->patch);
    return memcmp(&mbr, &plan->mbr, sizeof mbr) != 0 ? changes_add(commit, 0, 0, &mbr, sizeof mbr) : EXIT_OK;
}

enum exit_code loader_update_plan(struct block *disk, const struct partition_table *table, struct changes *prepare,
                                  struct changes *commit, const char *name, enum loader_state *state)
{
    struct replacement plan = {.disk = disk, .table = table, .name = name};
    struct error error;
    *state = LOADER_ABSENT;
    if (block_read(disk, 0, sizeof plan.mbr, &plan.mbr, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", name, error.text);
    memcpy(&plan.patch, plan.mbr.code + BIOS_STAGE1_PATCH_OFFSET, sizeof plan.patch);
    if (!is_ours(disk, &plan.patch))
        return EXIT_OK;
    uint8_t *stages = loader_stages_make(plan.patch.image_id);
    if (stages == NULL)
        return failure_memory();
    plan.stages = stages;
    enum exit_code code = plan_stages(&plan, prepare);
    if (code == EXIT_OK)
        code = plan_mbr(&plan, commit);
    *state = commit->count > 0 ? LOADER_REPLACED : LOADER_EQUAL;
    free(stages);
    return code;
}
