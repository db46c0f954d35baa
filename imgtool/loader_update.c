#include "loader_update.h"

#include "boot_code.h"
#include "checked.h"
#include "fat_entry.h"
#include "iso_format.h"
#include "layout.h"
#include "loader_files.h"

#include <stagecoach/boot.h>

#include <stdlib.h>
#include <string.h>

#define STAGES_ALIGNMENT 8u /* sectors: 4 KiB, so that no sector of a 4Kn disk is shared with the old ones */
#define CD_DOOR_OFFSET (ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE)
#define COPY_FIRST 0u /* phases of `prepare`, and, with the switch for 0, of `commit` */
#define STAGES_SECOND 1u
#define COPY_LAST 1u

struct sectors {
    uint64_t first, end;
};

/* What a BIOS starts: stage 1 in the disk's first sector, or that for a CD. */
struct door {
    uint64_t offset; /* bytes of the image */
    struct boot_code code;
    uint8_t before[BIOS_SECTOR_SIZE], after[BIOS_SECTOR_SIZE]; /* its sector */
};

/* The parameter block of a FAT volume that is the whole disk. */
struct bare_volume {
    bool is_there;
    uint64_t reserved, info, copy; /* sectors; 0: it has no such one */
};

struct replacement {
    const struct loader_disk *disk;
    struct bare_volume volume;
    struct door first, cd;
    struct bios_stage1_patch patch; /* the new one, of both doors */
    const uint8_t *stages;          /* the new ones */
};

static enum exit_code read_sector(const struct replacement *plan, uint64_t offset, uint8_t sector[BIOS_SECTOR_SIZE])
{
    struct error error;
    if (block_read(plan->disk->block, offset, BIOS_SECTOR_SIZE, sector, &error) == STATUS_OK)
        return EXIT_OK;
    return failure(EXIT_IO, "%s: %s", plan->disk->name, error.text);
}

/* --- where the new stages lie ------------------------------------------------------------------------------------- */

/* The disk's first sector is the volume's boot sector, then. Its readers have found it good; of FAT32's two further
 * sectors, those are believed that lie where they can. */
static void read_volume(struct replacement *plan)
{
    const uint8_t *boot = plan->first.before;
    struct bare_volume *volume = &plan->volume;
    volume->is_there = plan->disk->table->kind == BOOT_DISK_UNKNOWN;
    if (!volume->is_there)
        return;
    volume->reserved = fat_get16(boot + 14);
    bool wide = fat_get16(boot + 22) == 0;
    uint64_t info = wide ? fat_get16(boot + 48) : 0, copy = wide ? fat_get16(boot + 50) : 0;
    volume->info = info < volume->reserved ? info : 0;
    volume->copy = copy < volume->reserved ? copy : 0;
}

/* Where stages may lie: the BIOS boot partition of a GPT disk, the gap before the first partition of an MBR disk, on a
 * CD behind the directories, in a bare FAT volume among the reserved sectors. */
static struct sectors find_region(const struct replacement *plan)
{
    const struct partition_table *table = plan->disk->table;
    uint64_t sectors = plan->disk->block->size / BIOS_SECTOR_SIZE;
    struct sectors gap = {plan->disk->is_cd ? plan->disk->cd_end / BIOS_SECTOR_SIZE : 1, sectors};
    if (plan->volume.is_there)
        return (struct sectors){LAYOUT_VOLUME_STAGES, plan->volume.reserved};
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
    const struct bios_stage1_patch *patch = &door->code.patch;
    if (door->code.kind != BOOT_CODE_STAGES)
        return (struct sectors){0};
    return (struct sectors){patch->stages_lba, patch->stages_lba + bios_stages_sectors(patch)};
}

static bool is_free(const struct replacement *plan, struct sectors region, uint64_t first, uint64_t size)
{
    const struct bare_volume *volume = &plan->volume;
    const struct sectors taken[] = {
        stages_of(&plan->first),
        stages_of(&plan->cd),
        {volume->info, volume->info + (volume->info != 0)},
        {volume->copy, volume->copy + (volume->copy != 0)},
    };
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (taken[i].first < first + size && first < taken[i].end)
            return false;
    return region.first <= first && first < region.end && size <= region.end - first;
}

/* The last place for `size` sectors that ends before `end`. */
static uint64_t place_before(uint64_t end, uint64_t size)
{
    return end >= size ? (end - size) / STAGES_ALIGNMENT * STAGES_ALIGNMENT : 0;
}

static uint64_t place_behind(uint64_t end)
{
    uint64_t at = 0;
    return align_up_ok(end, STAGES_ALIGNMENT, &at) ? at : 0;
}

/* `size` sectors of the region that no door names. An update that was stopped can leave the doors naming different
 * stages.
 *   - In the gap of a CD from its end back, because the directories before it may grow.
 *   - In a bare volume at either end, so that the two halves stay as large as they are.
 *   - Else from the start on: as it is, for behind the MBR nothing else fits twice. */
static bool find_place(const struct replacement *plan, struct sectors region, uint64_t size, uint64_t *first)
{
    const struct sectors one = stages_of(&plan->first), two = stages_of(&plan->cd);
    const uint64_t forward[] = {region.first, place_behind(one.end), place_behind(two.end)};
    const uint64_t backward[] = {place_before(region.end, size), place_before(one.first, size),
                                 place_before(two.first, size)};
    const uint64_t ends[] = {region.first, place_before(region.end, size), 0};
    bool back = plan->disk->is_cd && plan->disk->table->kind == BOOT_DISK_MBR;
    const uint64_t *places = plan->volume.is_there ? ends : back ? backward : forward;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (!is_free(plan, region, places[i], size))
            continue;
        *first = places[i];
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

static enum exit_code refuse_room(const struct replacement *plan, uint64_t size)
{
    const char *name = plan->disk->name;
    if (plan->volume.is_there)
        return failure(EXIT_IO,
                       "%s: its %lu reserved sectors have no room for new stages of %lu KiB beside the old ones; build "
                       "the image anew, without --size or with a larger one",
                       name, plan->volume.reserved, size / 1024);
    return failure(EXIT_IO,
                   "%s: the BIOS boot partition, or the gap behind the MBR, has no room for new stages of %lu KiB "
                   "beside the old ones; build the image anew",
                   name, size / 1024);
}

/* Adds the new stages, if they are not there, and says in the patch where they will lie. */
static enum exit_code plan_stages(struct replacement *plan, struct changes *prepare)
{
    struct bios_stage1_patch *patch = &plan->patch;
    uint64_t size = loader_stages().size, sectors = size / BIOS_SECTOR_SIZE;
    const struct bare_volume *volume = &plan->volume;
    enum exit_code code = EXIT_OK;
    const uint32_t before = bios_stages_sectors(patch);
    loader_stages_count(patch);
    if (before == sectors && stages_equal(plan->disk->block, plan->stages, size, patch->stages_lba))
        return EXIT_OK;
    if (!find_place(plan, find_region(plan), sectors, &patch->stages_lba))
        return refuse_room(plan, size);
    if (volume->copy != 0) {
        uint8_t copy[BIOS_SECTOR_SIZE];
        uint64_t offset = volume->copy * BIOS_SECTOR_SIZE;
        code = read_sector(plan, offset, copy);
        if (code == EXIT_OK)
            code = changes_add_difference(prepare, COPY_FIRST, offset, copy, plan->first.before, sizeof copy);
    }
    return code == EXIT_OK
               ? changes_add(prepare, STAGES_SECOND, patch->stages_lba * BIOS_SECTOR_SIZE, plan->stages, size)
               : code;
}

/* --- the switch --------------------------------------------------------------------------------------------------- */

/* The sector or block of a door with new code, if it has another. */
static enum exit_code plan_door(const struct replacement *plan, struct door *door, struct span code,
                                struct changes *commit)
{
    const uint32_t gap_size = BIOS_STAGE1_GAP_END - BIOS_STAGE1_GAP_START;
    memcpy(door->after, door->before, sizeof door->after);
    memcpy(door->after, code.data, BIOS_STAGE1_SIZE);
    if (door == &plan->first) /* what firmware, or who formatted the disk, has put there is theirs */
        memcpy(door->after + BIOS_STAGE1_GAP_START, door->before + BIOS_STAGE1_GAP_START, gap_size);
    memcpy(door->after + BIOS_STAGE1_PATCH_OFFSET, &plan->patch, sizeof plan->patch);
    return changes_add_difference(commit, 0, door->offset, door->before, door->after, sizeof door->after);
}

/* The backup boot sector, which may be another already. */
static enum exit_code plan_copy(const struct replacement *plan, struct changes *prepare, struct changes *commit)
{
    uint8_t copy[BIOS_SECTOR_SIZE];
    uint64_t offset = plan->volume.copy * BIOS_SECTOR_SIZE;
    struct changed_block prepared;
    struct error error;
    if (plan->volume.copy == 0)
        return EXIT_OK;
    changed_block_init(&prepared, plan->disk->block, prepare);
    if (block_read(&prepared.block, offset, sizeof copy, copy, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", plan->disk->name, error.text);
    return changes_add_difference(commit, COPY_LAST, offset, copy, plan->first.after, sizeof copy);
}

static enum exit_code read_door(const struct replacement *plan, uint64_t offset, struct door *door)
{
    struct error error;
    door->offset = offset;
    if (boot_code_read(plan->disk->block, offset, &door->code, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", plan->disk->name, error.text);
    return read_sector(plan, offset, door->before);
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
        code = plan_door(plan, &plan->first, loader_stage1(), commit);
    if (code == EXIT_OK)
        code = plan_copy(plan, prepare, commit);
    free(stages);
    return code;
}

enum exit_code loader_update_plan(const struct loader_disk *disk, struct changes *prepare, struct changes *commit,
                                  enum loader_state *state)
{
    struct replacement plan = {.disk = disk};
    *state = LOADER_ABSENT;
    enum exit_code code = read_door(&plan, 0, &plan.first);
    if (code == EXIT_OK && disk->is_cd)
        code = read_door(&plan, CD_DOOR_OFFSET, &plan.cd);
    if (code != EXIT_OK || !boot_code_starts_bios(&plan.first.code))
        return code;
    read_volume(&plan);
    plan.patch.image_id = plan.first.code.patch.image_id;
    if (plan.first.code.kind == BOOT_CODE_STAGES)
        plan.patch = plan.first.code.patch;
    code = plan_all(&plan, prepare, commit);
    *state = prepare->count + commit->count > 0 ? LOADER_REPLACED : LOADER_EQUAL;
    return code;
}
