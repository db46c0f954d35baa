#include "loader_update.h"

#include "../bios/image_format.h"
#include "checked.h"
#include "iso_format.h"
#include "loader_files.h"

#include <stagecoach/boot.h>

#include <stdlib.h>
#include <string.h>

#define STAGES_ALIGNMENT 8u /* sectors: 4 KiB, so that no sector of a 4Kn disk is shared with the old ones */
#define CD_DOOR_OFFSET (ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE)

struct sectors {
    uint64_t first, end;
};

/* What a BIOS starts: stage 1 in the MBR, or that for a CD. */
struct door {
    uint64_t offset; /* bytes of the image */
    struct bios_stage1_patch patch;
    bool ours;
};

struct replacement {
    const struct loader_disk *disk;
    struct door mbr, cd;
    struct bios_stage1_patch patch; /* the new one, of both doors */
    const uint8_t *stages;          /* the new ones */
};

/* --- where the new stages lie ------------------------------------------------------------------------------------- */

/* Where stages may lie: the BIOS boot partition of a GPT disk, the gap before the first partition of an MBR disk, on a
 * CD behind the directories. */
static struct sectors find_region(const struct loader_disk *disk)
{
    const struct partition_table *table = disk->table;
    uint64_t sectors = disk->block->size / BIOS_SECTOR_SIZE;
    struct sectors gap = {disk->is_cd ? disk->cd_end / BIOS_SECTOR_SIZE : 1, sectors};
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

static struct sectors stages_of(const struct door *door)
{
    if (!door->ours)
        return (struct sectors){0};
    return (struct sectors){door->patch.stages_lba, door->patch.stages_lba + door->patch.stages_sectors};
}

static bool is_free(const struct replacement *plan, struct sectors region, uint64_t first, uint64_t size)
{
    const struct door *doors[] = {&plan->mbr, &plan->cd};
    for (size_t i = 0; i < 2; i++) {
        struct sectors taken = stages_of(doors[i]);
        if (taken.first < first + size && first < taken.end)
            return false;
    }
    return region.first <= first && first < region.end && size <= region.end - first;
}

/* `size` sectors of the region that no door names. From its start on; in the gap of a CD from its end back, because the
 * directories before it may grow. An update that was stopped can leave the doors naming different stages. */
static bool find_place(const struct replacement *plan, struct sectors region, uint64_t size, uint64_t *first)
{
    bool back = plan->disk->is_cd && plan->disk->table->kind == BOOT_DISK_MBR;
    struct sectors mbr = stages_of(&plan->mbr), cd = stages_of(&plan->cd);
    const uint64_t starts[] = {region.first, mbr.end, cd.end}, ends[] = {region.end, mbr.first, cd.first};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        uint64_t at = region.first; /* as it is: behind the MBR, nothing else fits twice */
        bool fits = back ? ends[i] >= size : i == 0 || align_up_ok(starts[i], STAGES_ALIGNMENT, &at);
        if (back && fits)
            at = (ends[i] - size) / STAGES_ALIGNMENT * STAGES_ALIGNMENT;
        if (!fits || !is_free(plan, region, at, size))
            continue;
        *first = at;
        return true;
    }
    return false;
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

/* Adds the new stages, if they are not there, and says in the patch where they will lie. */
static enum exit_code plan_stages(struct replacement *plan, struct changes *prepare)
{
    const struct loader_disk *disk = plan->disk;
    struct bios_stage1_patch *patch = &plan->patch;
    uint64_t size = loader_stages().size, sectors = size / BIOS_SECTOR_SIZE;
    if (patch->stages_sectors == sectors && stages_equal(disk->block, plan->stages, size, patch->stages_lba))
        return EXIT_OK;
    if (!find_place(plan, find_region(disk), sectors, &patch->stages_lba))
        return failure(EXIT_IO,
                       "%s: the BIOS boot partition, or the gap behind the MBR, has no room for new stages of %lu KiB "
                       "beside the old ones; build the image anew",
                       disk->name, size / 1024);
    patch->stages_sectors = (uint16_t)sectors;
    return changes_add(prepare, 0, patch->stages_lba * BIOS_SECTOR_SIZE, plan->stages, size);
}

/* --- the switch --------------------------------------------------------------------------------------------------- */

/* The sector or block at `offset` with new code, if it has another. */
static enum exit_code plan_door(const struct replacement *plan, const struct door *door, struct span code,
                                struct changes *commit)
{
    uint8_t before[BIOS_SECTOR_SIZE], after[BIOS_SECTOR_SIZE];
    const uint32_t gap_size = BIOS_STAGE1_GAP_END - BIOS_STAGE1_GAP_START;
    struct error error;
    if (block_read(plan->disk->block, door->offset, sizeof before, before, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", plan->disk->name, error.text);
    memcpy(after, before, sizeof after);
    memcpy(after, code.data, BIOS_STAGE1_SIZE);
    if (door == &plan->mbr) /* what firmware, or who formatted the disk, has put there is theirs */
        memcpy(after + BIOS_STAGE1_GAP_START, before + BIOS_STAGE1_GAP_START, gap_size);
    memcpy(after + BIOS_STAGE1_PATCH_OFFSET, &plan->patch, sizeof plan->patch);
    return changes_add_difference(commit, 0, door->offset, before, after, sizeof after);
}

/* Stage 1 is ours if it names stages that are. */
static enum exit_code read_door(const struct loader_disk *disk, uint64_t offset, struct door *door)
{
    struct bios_stages_header header;
    struct error error;
    struct bios_stage1_patch *patch = &door->patch;
    *door = (struct door){.offset = offset};
    if (block_read(disk->block, offset + BIOS_STAGE1_PATCH_OFFSET, sizeof *patch, patch, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", disk->name, error.text);
    door->ours =
        patch->stages_lba != 0 && patch->stages_sectors != 0 &&
        range_ok(patch->stages_lba, patch->stages_sectors, disk->block->size / BIOS_SECTOR_SIZE) &&
        block_read(disk->block, patch->stages_lba * BIOS_SECTOR_SIZE, sizeof header, &header, &error) == STATUS_OK &&
        memcmp(header.magic, BIOS_STAGES_MAGIC, sizeof header.magic) == 0 && header.image_id == patch->image_id;
    return EXIT_OK;
}

static enum exit_code plan_all(struct replacement *plan, struct changes *prepare, struct changes *commit)
{
    uint8_t *stages = loader_stages_make(plan->patch.image_id);
    if (stages == NULL)
        return failure_memory();
    plan->stages = stages;
    enum exit_code code = plan_stages(plan, prepare);
    if (code == EXIT_OK && plan->disk->is_cd)
        code = plan_door(plan, &plan->cd, loader_cd(), commit);
    if (code == EXIT_OK)
        code = plan_door(plan, &plan->mbr, loader_stage1(), commit);
    free(stages);
    return code;
}

enum exit_code loader_update_plan(const struct loader_disk *disk, struct changes *prepare, struct changes *commit,
                                  enum loader_state *state)
{
    struct replacement plan = {.disk = disk};
    *state = LOADER_ABSENT;
    enum exit_code code = read_door(disk, 0, &plan.mbr);
    if (code == EXIT_OK && disk->is_cd)
        code = read_door(disk, CD_DOOR_OFFSET, &plan.cd);
    if (code != EXIT_OK || !plan.mbr.ours)
        return code;
    plan.patch = plan.mbr.patch;
    code = plan_all(&plan, prepare, commit);
    *state = commit->count > 0 ? LOADER_REPLACED : LOADER_EQUAL;
    return code;
}
