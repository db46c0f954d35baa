#include "fat_commit.h"

#include "fat_shadow.h"
#include "little_endian.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define UNKNOWN 0xffffffffu
#define SWITCH 1u /* phases: the sector that switches; then what it left behind */
#define CLEAN 2u
#define SHADOW_SWITCH 2u /* the longer way of FAT12 and FAT16: 1 writes the shadow */
#define SHADOW_ROOT 3u
#define SHADOW_BACK 4u
#define SHADOW_CLEAN 5u

struct commit {
    struct fat_directories *directories;
    struct fat_map *map;
    struct fat *fat;
    struct changes *changes, *undo;
    uint8_t boot[SECTOR];    /* as it is */
    uint8_t info[3][SECTOR]; /* FSInfo as it is, while the switch is under way, as it will be */
    uint64_t info_offset;    /* 0: there is none */
    uint64_t copy_offset;    /* of the second boot sector; 0: there is none */
    uint8_t copy[SECTOR];
    bool root_moves;
};

/* --- which directories move -------------------------------------------------------------------------------------- */

/* Where byte `at` of a directory lies on the disk. */
static uint64_t directory_offset(const struct commit *commit, const struct fat_directory *directory, uint64_t at)
{
    uint32_t cluster = directory->first_cluster, size = commit->fat->cluster_size;
    if (cluster == 0)
        return commit->fat->start + commit->fat->root_offset + at;
    for (uint64_t skip = at / size; skip > 0; skip--)
        cluster = fat_map_next(commit->map, cluster);
    return fat_map_offset(commit->map, cluster) + at % size;
}

/* Sectors that would have to be written in place; *first: where the first of them begins. */
static uint32_t changed_sectors(const struct fat_directory *directory, uint64_t *first)
{
    uint32_t count = 0;
    if (directory->fresh)
        return 0;
    if (directory->size != directory->size_before) /* has grown: can't be done by one sector */
        return UNKNOWN / 2;
    for (uint64_t at = 0; at < directory->size; at += SECTOR) {
        if (memcmp(directory->bytes + at, directory->before + at, SECTOR) == 0)
            continue;
        if (count++ == 0)
            *first = at;
    }
    return count;
}

/* "." and "..", if they stand where they should: a damaged volume may have a file there. */
static void set_dots(struct commit *commit, const struct fat_directory *directory, uint32_t own, uint32_t parent)
{
    uint8_t *dot = directory->bytes, *dots = directory->bytes + FAT_ENTRY_SIZE;
    if (memcmp(dot, ".          ", FAT_SHORT_NAME_SIZE) == 0)
        fat_directories_set_cluster(commit->directories, dot, own);
    if (memcmp(dots, "..         ", FAT_SHORT_NAME_SIZE) == 0)
        fat_directories_set_cluster(commit->directories, dots, parent);
}

/* Gives a directory new clusters and tells those who name them. */
static enum exit_code place(struct commit *commit, uint32_t index)
{
    struct fat_directories *directories = commit->directories;
    struct fat_directory *list = directories->list, *directory = &list[index];
    uint32_t first;
    enum exit_code code = fat_map_allocate(commit->map, directory->size / commit->fat->cluster_size, &first);
    if (code != EXIT_OK)
        return code;
    if (directory->first_cluster != 0)
        fat_map_release(commit->map, directory->first_cluster);
    directory->first_cluster = first;
    directory->fresh = true;
    if (index == FAT_DIRECTORIES_ROOT)
        return EXIT_OK; /* its children call it 0 */
    fat_directories_set_cluster(directories,
                                list[directory->parent].bytes + (uint64_t)directory->entry * FAT_ENTRY_SIZE, first);
    set_dots(commit, directory, first,
             directory->parent == FAT_DIRECTORIES_ROOT ? 0 : list[directory->parent].first_cluster);
    return EXIT_OK;
}

/* Parents stand before their children, so each finds its parent placed. */
static enum exit_code move(struct commit *commit, uint32_t top)
{
    const struct fat_directories *directories = commit->directories;
    bool *moves = calloc(directories->count, sizeof *moves);
    enum exit_code code = moves != NULL ? EXIT_OK : failure_memory();
    for (uint32_t i = top; i < directories->count && code == EXIT_OK; i++) {
        moves[i] = i == top || moves[directories->list[i].parent];
        if (moves[i])
            code = place(commit, i);
    }
    free(moves);
    return code;
}

static enum exit_code place_new(struct commit *commit)
{
    enum exit_code code = EXIT_OK;
    for (uint32_t i = 1; i < commit->directories->count && code == EXIT_OK; i++)
        if (commit->directories->list[i].fresh)
            code = place(commit, i);
    return code;
}

/* Moves directories until at most one sector is left to be written in place. */
static enum exit_code settle(struct commit *commit)
{
    const struct fat_directories *directories = commit->directories;
    enum exit_code code = place_new(commit);
    while (code == EXIT_OK) {
        uint64_t sum = 0, first;
        uint32_t deepest = FAT_DIRECTORIES_ROOT;
        for (uint32_t i = 0; i < directories->count; i++) {
            uint32_t sectors = changed_sectors(&directories->list[i], &first);
            sum += sectors;
            if (sectors > 0 && directories->list[i].depth >= directories->list[deepest].depth)
                deepest = i;
        }
        if (sum <= 1)
            return EXIT_OK;
        if (deepest == FAT_DIRECTORIES_ROOT) {
            commit->root_moves = true;
            return commit->fat->bits == 32 ? place(commit, FAT_DIRECTORIES_ROOT) : EXIT_OK;
        }
        code = move(commit, deepest);
    }
    return code;
}

/* --- tables and FSInfo -------------------------------------------------------------------------------------------- */

static enum exit_code read_sectors(struct commit *commit, const struct changes *before)
{
    const struct fat *fat = commit->fat;
    struct changed_block disk;
    struct error error;
    changed_block_init(&disk, fat->block, before);
    enum status status = block_read(&disk.block, fat->start, SECTOR, commit->boot, &error);
    uint32_t reserved = little_endian(commit->boot + 14, 2), info = little_endian(commit->boot + 48, 2),
             copy = little_endian(commit->boot + 50, 2);
    if (status == STATUS_OK && fat->bits == 32 && info != 0 && info < reserved) {
        uint64_t offset = fat->start + (uint64_t)info * fat->sector_size;
        status = block_read(&disk.block, offset, SECTOR, commit->info[0], &error);
        if (status == STATUS_OK && memcmp(commit->info[0], "RRaA", 4) == 0)
            commit->info_offset = offset;
    }
    if (status == STATUS_OK && fat->bits == 32 && copy != 0 && copy < reserved) {
        commit->copy_offset = fat->start + (uint64_t)copy * fat->sector_size;
        status = block_read(&disk.block, commit->copy_offset, SECTOR, commit->copy, &error);
    }
    return status == STATUS_OK ? EXIT_OK : failure(EXIT_IO, "the boot sector can't be read: %s", error.text);
}

/* Between two counts of free clusters there is none that is right: nobody knows it then. */
static void make_info(struct commit *commit)
{
    uint32_t first, count = fat_map_count_free(commit->map, &first);
    bool changes = memcmp(commit->map->before, commit->map->after, commit->fat->fat_size) != 0 ||
                   memcmp(commit->map->before, commit->map->full, commit->fat->fat_size) != 0;
    memcpy(commit->info[1], commit->info[0], SECTOR);
    memcpy(commit->info[2], commit->info[0], SECTOR);
    if (changes)
        memset(commit->info[1] + 488, 0xff, 8);
    fat_put32(commit->info[2] + 488, count);
    fat_put32(commit->info[2] + 492, first != 0 ? first : UNKNOWN);
}

static enum exit_code add_difference(const struct commit *commit, unsigned phase, uint64_t offset,
                                     const uint8_t *before, const uint8_t *after, uint64_t size)
{
    return changes_add_difference(commit->changes, phase, offset, before, after, size);
}

/* The tables with everything old and new. With a shadow root the second table's place is needed for that. */
static enum exit_code prepare_tables(const struct commit *commit, bool second)
{
    const struct fat_map *map = commit->map;
    uint64_t start = commit->fat->start, size = commit->fat->fat_size;
    enum exit_code code = add_difference(commit, FAT_COMMIT_PREPARE, start + map->first, map->before, map->full, size);
    if (code == EXIT_OK)
        code = changes_add_difference(commit->undo, 0, start + map->first, map->full, map->before, size);
    if (code == EXIT_OK && second && map->second != 0)
        code = add_difference(commit, FAT_COMMIT_PREPARE, start + map->second, map->other, map->full, size);
    if (code == EXIT_OK && second && map->second != 0)
        code = changes_add_difference(commit->undo, 0, start + map->second, map->full, map->other, size);
    if (commit->info_offset == 0 || code != EXIT_OK)
        return code;
    code = add_difference(commit, FAT_COMMIT_PREPARE, commit->info_offset, commit->info[0], commit->info[1], SECTOR);
    return code == EXIT_OK
               ? changes_add_difference(commit->undo, 0, commit->info_offset, commit->info[1], commit->info[0], SECTOR)
               : code;
}

static enum exit_code clean_tables(const struct commit *commit, unsigned phase)
{
    const struct fat_map *map = commit->map;
    uint64_t start = commit->fat->start, size = commit->fat->fat_size;
    enum exit_code code = add_difference(commit, phase, start + map->first, map->full, map->after, size);
    if (code == EXIT_OK && map->second != 0 && phase == SHADOW_CLEAN)
        code = changes_add(commit->changes, phase, start + map->second, map->after, size);
    else if (code == EXIT_OK && map->second != 0)
        code = add_difference(commit, phase, start + map->second, map->full, map->after, size);
    if (code == EXIT_OK && commit->info_offset != 0)
        code = add_difference(commit, phase, commit->info_offset, commit->info[1], commit->info[2], SECTOR);
    return code;
}

static enum exit_code write_fresh(const struct commit *commit)
{
    enum exit_code code = EXIT_OK;
    for (uint32_t i = 0; i < commit->directories->count; i++) {
        const struct fat_directory *directory = &commit->directories->list[i];
        uint32_t size = commit->fat->cluster_size;
        for (uint64_t at = 0; directory->fresh && at < directory->size && code == EXIT_OK; at += size)
            code = changes_add(commit->changes, FAT_COMMIT_PREPARE, directory_offset(commit, directory, at),
                               directory->bytes + at, size);
    }
    return code;
}

/* --- the switch --------------------------------------------------------------------------------------------------- */

static enum exit_code switch_sector(const struct commit *commit)
{
    for (uint32_t i = 0; i < commit->directories->count; i++) {
        const struct fat_directory *directory = &commit->directories->list[i];
        uint64_t at = 0;
        if (changed_sectors(directory, &at) > 0)
            return changes_add(commit->changes, SWITCH, directory_offset(commit, directory, at), directory->bytes + at,
                               SECTOR);
    }
    return EXIT_OK;
}

static enum exit_code commit_plainly(const struct commit *commit)
{
    uint8_t boot[SECTOR];
    memcpy(boot, commit->boot, SECTOR);
    if (commit->root_moves)
        fat_put32(boot + 44, commit->directories->list[FAT_DIRECTORIES_ROOT].first_cluster);
    enum exit_code code = prepare_tables(commit, true);
    if (code == EXIT_OK)
        code = commit->root_moves ? changes_add(commit->changes, SWITCH, commit->fat->start, boot, SECTOR)
                                  : switch_sector(commit);
    if (code == EXIT_OK && commit->copy_offset != 0) /* an update that was stopped may have left another one there */
        code = add_difference(commit, CLEAN, commit->copy_offset, commit->copy, boot, SECTOR);
    return code == EXIT_OK ? clean_tables(commit, CLEAN) : code;
}

/* FAT12 and FAT16: see the header. An end mark must stand between the shadow and what follows it. */
static enum exit_code commit_by_shadow(const struct commit *commit)
{
    const struct fat *fat = commit->fat;
    const struct fat_directory *root = &commit->directories->list[FAT_DIRECTORIES_ROOT];
    uint64_t used = 0, size = fat->fat_size;
    while (used < root->size && root->bytes[used] != 0)
        used += FAT_ENTRY_SIZE;
    uint8_t boot[SECTOR];
    memcpy(boot, commit->boot, SECTOR);
    if (commit->map->second == 0 || used >= size || !fat_shadow_enter(fat, boot))
        return failure(EXIT_IO,
                       "the changed entries stand in several sectors of the root directory, and this FAT%u volume "
                       "has no room to switch them at once; update fewer files at a time",
                       fat->bits);
    uint8_t *shadow = calloc(1, size);
    if (shadow == NULL)
        return failure_memory();
    memcpy(shadow, root->bytes, used);
    enum exit_code code = prepare_tables(commit, false);
    if (code == EXIT_OK)
        code = changes_add(commit->changes, SHADOW_SWITCH - 1, fat->start + commit->map->second, shadow, size);
    if (code == EXIT_OK)
        code = changes_add(commit->changes, SHADOW_SWITCH, fat->start, boot, SECTOR);
    if (code == EXIT_OK)
        code =
            add_difference(commit, SHADOW_ROOT, fat->start + fat->root_offset, root->before, root->bytes, root->size);
    if (code == EXIT_OK)
        code = changes_add(commit->changes, SHADOW_BACK, fat->start, commit->boot, SECTOR);
    free(shadow);
    return code == EXIT_OK ? clean_tables(commit, SHADOW_CLEAN) : code;
}

enum exit_code fat_commit_plan(struct fat_directories *directories, const struct changes *before,
                               struct changes *changes, struct changes *undo)
{
    struct commit commit = {
        .directories = directories,
        .map = directories->map,
        .fat = directories->map->fat,
        .changes = changes,
        .undo = undo,
    };
    enum exit_code code = read_sectors(&commit, before);
    if (code == EXIT_OK)
        code = settle(&commit);
    if (code != EXIT_OK)
        return code;
    make_info(&commit);
    code = write_fresh(&commit);
    if (code != EXIT_OK)
        return code;
    return commit.root_moves && commit.fat->bits != 32 ? commit_by_shadow(&commit) : commit_plainly(&commit);
}
