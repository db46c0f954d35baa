#include "fat_geometry.h"

#include "checked.h"

#include <stdlib.h>

/* Readers disagree about volumes close to where one type ends and the next begins: keep this many clusters away. */
#define MARGIN 16u
#define SECTORS_PER_CLUSTER_MAX 64u /* 32 KiB: the largest that everybody reads */
#define ROOT_ENTRIES_LEAST 512u
#define FAT32_RESERVED 32u
#define BACKUP_RESERVED_LEAST 1u
#define DATA_ALIGNMENT 8u /* sectors: holes of a file stay holes if its clusters begin at the host's 4 KiB blocks */
/* Sectors. So does the longest file of an image, if it is long: the host has it in memory by large pieces, which go
 * into the image as such, and a third faster, if they begin at a multiple of their size there, too. */
#define LONG_ALIGNMENT 2048u
#define LONG_LEAST (16u << 20) /* bytes */

static uint64_t clusters_least(uint32_t bits)
{
    return bits == 12 ? 1 : (bits == 16 ? FAT12_CLUSTERS_MAX : FAT16_CLUSTERS_MAX) + 1 + MARGIN;
}

static uint64_t clusters_most(uint32_t bits)
{
    uint32_t most = bits == 12 ? FAT12_CLUSTERS_MAX : bits == 16 ? FAT16_CLUSTERS_MAX : FAT32_CLUSTERS_MAX;
    return most - MARGIN;
}

static uint64_t divide_up(uint64_t value, uint64_t by)
{
    return value / by + (value % by != 0);
}

uint64_t fat_geometry_clusters(const struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t node)
{
    if (node == FAT_TREE_ROOT && geometry->bits != 32)
        return 0;
    return divide_up(tree->nodes[node].size, (uint64_t)geometry->sectors_per_cluster * FAT_SECTOR_SIZE);
}

uint64_t fat_geometry_offset(const struct fat_geometry *geometry, uint32_t cluster)
{
    return geometry->data_offset + (cluster - 2ull) * geometry->sectors_per_cluster * FAT_SECTOR_SIZE;
}

static uint64_t needed_clusters(const struct fat_geometry *geometry, const struct fat_tree *tree)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < tree->count; i++)
        sum += fat_geometry_clusters(geometry, tree, i);
    return sum;
}

static uint64_t fat_sectors_for(uint64_t clusters, uint32_t bits)
{
    return divide_up((clusters + 2) * bits, 8ull * FAT_SECTOR_SIZE);
}

static uint64_t root_sectors(const struct fat_geometry *geometry)
{
    return geometry->root_entries * FAT_ENTRY_SIZE / FAT_SECTOR_SIZE;
}

static uint64_t reserved_least(const struct fat_geometry *geometry)
{
    uint32_t least = geometry->bits == 32 ? FAT32_RESERVED : BACKUP_RESERVED_LEAST;
    return geometry->boot_sectors > least ? geometry->boot_sectors : least;
}

/* Where the clusters begin behind tables of that many sectors. */
static uint64_t data_sector(const struct fat_geometry *geometry, uint64_t fats)
{
    uint64_t least = reserved_least(geometry) + FAT_TABLES * fats + root_sectors(geometry);
    return divide_up(least + geometry->lead, geometry->alignment) * geometry->alignment - geometry->lead;
}

/* Divides `sectors` into tables and clusters. False if the type does not allow what comes out. */
static bool divide(struct fat_geometry *geometry, uint64_t sectors)
{
    uint64_t fats = 1, data, clusters, per = geometry->sectors_per_cluster;
    if (sectors > UINT32_MAX)
        return false;
    for (;;) { /* larger tables leave fewer clusters: this ends */
        data = data_sector(geometry, fats);
        if (data >= sectors)
            return false;
        clusters = (sectors - data) / per;
        if (fat_sectors_for(clusters, geometry->bits) <= fats)
            break;
        fats = fat_sectors_for(clusters, geometry->bits);
    }
    if (clusters < clusters_least(geometry->bits) || clusters > clusters_most(geometry->bits))
        return false;
    if (geometry->bits != 32 && fats > UINT16_MAX)
        return false;
    geometry->sectors = (uint32_t)sectors;
    geometry->fat_sectors = (uint32_t)fats;
    geometry->reserved_sectors = (uint32_t)(data - FAT_TABLES * fats - root_sectors(geometry));
    geometry->cluster_count = (uint32_t)clusters;
    geometry->data_offset = data * FAT_SECTOR_SIZE;
    return true;
}

/* The smallest volume, a multiple of `granularity`, for the tree at this cluster size. */
static bool fit_tree(struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t granularity)
{
    uint64_t needed = needed_clusters(geometry, tree), least = clusters_least(geometry->bits);
    uint64_t clusters = needed > least ? needed : least;
    uint64_t sectors =
        data_sector(geometry, fat_sectors_for(clusters, geometry->bits)) + clusters * geometry->sectors_per_cluster;
    sectors = divide_up(sectors, granularity) * granularity;
    while (divide(geometry, sectors) && geometry->cluster_count < clusters) /* what larger tables took */
        sectors += granularity;
    return geometry->sectors == sectors && geometry->cluster_count >= clusters;
}

static bool fit(struct fat_geometry *geometry, const struct fat_tree *tree, uint64_t sectors, uint32_t granularity)
{
    geometry->sectors = 0;
    return sectors == 0 ? fit_tree(geometry, tree, granularity)
                        : divide(geometry, sectors) && needed_clusters(geometry, tree) <= geometry->cluster_count;
}

/* Those that lie in the node's place: all of them, if no whole cluster would be left. */
static uint32_t head_clusters(const struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t node)
{
    uint64_t all = fat_geometry_clusters(geometry, tree, node), head = tree->nodes[node].head;
    uint64_t clusters = divide_up(head, (uint64_t)geometry->sectors_per_cluster * FAT_SECTOR_SIZE);
    return (uint32_t)(head == 0 || clusters > all ? all : clusters);
}

struct longest_run {        /* in clusters */
    uint64_t count, before; /* of those that lie before it */
    uint64_t next;
};

static void see_run(struct longest_run *longest, uint64_t count)
{
    if (count > longest->count) {
        longest->count = count;
        longest->before = longest->next;
    }
    longest->next += count;
}

/* In the order of place_nodes(). */
static struct longest_run find_longest(const struct fat_geometry *geometry, const struct fat_tree *tree)
{
    struct longest_run longest = {0};
    for (uint32_t i = 0; i < tree->count; i++)
        see_run(&longest, head_clusters(geometry, tree, i));
    for (uint32_t i = 0; i < tree->count; i++)
        see_run(&longest, fat_geometry_clusters(geometry, tree, i) - head_clusters(geometry, tree, i));
    return longest;
}

static bool try_cluster_size(struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t sectors_per_cluster,
                             uint64_t sectors, uint32_t granularity)
{
    geometry->sectors_per_cluster = sectors_per_cluster;
    const struct longest_run longest = find_longest(geometry, tree);
    geometry->alignment = LONG_ALIGNMENT;
    geometry->lead = (uint32_t)(longest.before * sectors_per_cluster % LONG_ALIGNMENT);
    if (longest.count * sectors_per_cluster * FAT_SECTOR_SIZE >= LONG_LEAST &&
        fit(geometry, tree, sectors, granularity))
        return true;
    geometry->alignment = DATA_ALIGNMENT;
    geometry->lead = 0;
    return fit(geometry, tree, sectors, granularity);
}

/* FAT32: the largest clusters that leave enough of them, for short chains. FAT12/16: the smallest that don't give too
 * many, for little waste. */
static bool choose_cluster_size(struct fat_geometry *geometry, const struct fat_tree *tree,
                                const struct fat_geometry_wishes *wishes)
{
    uint64_t sectors = wishes->sectors;
    uint32_t least = wishes->cluster_least != 0 ? wishes->cluster_least : 1;
    for (uint32_t step = 1; step <= SECTORS_PER_CLUSTER_MAX / least; step *= 2) {
        uint32_t candidate = geometry->bits == 32 ? SECTORS_PER_CLUSTER_MAX / step : step * least;
        bool spacious = geometry->bits == 32 && sectors == 0 && candidate > least;
        geometry->sectors_per_cluster = candidate;
        if (spacious && needed_clusters(geometry, tree) < clusters_least(32)) /* would grow the volume for nothing */
            continue;
        if (try_cluster_size(geometry, tree, candidate, sectors, wishes->granularity))
            return true;
    }
    return false;
}

static enum exit_code refuse(const struct fat_tree *tree, const struct fat_geometry_wishes *wishes)
{
    uint32_t bits = wishes->bits;
    uint64_t sectors = wishes->sectors;
    struct fat_geometry_wishes any_size = *wishes;
    any_size.sectors = 0;
    struct fat_geometry smallest = {
        .bits = bits,
        .root_entries = bits == 32 ? 0 : ROOT_ENTRIES_LEAST,
        .boot_sectors = wishes->boot_sectors,
    };
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < tree->count; i++)
        bytes += tree->nodes[i].size;
    if (!choose_cluster_size(&smallest, tree, &any_size))
        return failure(EXIT_INPUT_REJECTED, "%lu bytes of files don't fit into FAT%u, which ends at %s; use --fat %s",
                       bytes, bits,
                       bits == 12   ? "127 MiB"
                       : bits == 16 ? "2 GiB"
                                    : "2 TiB",
                       bits == 12 ? "16 or 32" : "32");
    if (sectors < smallest.sectors)
        return failure(EXIT_INPUT_REJECTED,
                       "--size leaves %lu KiB for the FAT%u volume, which needs %u KiB%s; give a larger --size",
                       sectors / 2, bits, smallest.sectors / 2, bits == 32 ? " (--fat 12 or 16 needs less)" : "");
    return failure(EXIT_INPUT_REJECTED,
                   "--size leaves %lu KiB for the volume: FAT%u ends at %s; give a smaller --size%s", sectors / 2, bits,
                   bits == 12   ? "127 MiB"
                   : bits == 16 ? "2 GiB"
                                : "2 TiB",
                   bits == 32 ? "" : " or use --fat 32");
}

static struct fat_run *add_run(struct fat_geometry *geometry, uint32_t node, uint32_t count)
{
    struct fat_run *run = &geometry->runs[geometry->run_count++];
    *run = (struct fat_run){.node = node, .first = geometry->used_clusters + 2, .count = count};
    geometry->used_clusters += count;
    return run;
}

/* What is left of files whose heads were placed: `head_count` runs. */
static void place_rests(struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t head_count)
{
    uint64_t cluster_size = (uint64_t)geometry->sectors_per_cluster * FAT_SECTOR_SIZE;
    for (uint32_t i = 0; i < head_count; i++) {
        struct fat_run *head = &geometry->runs[i];
        uint64_t all = fat_geometry_clusters(geometry, tree, head->node);
        if (head->count == all)
            continue;
        struct fat_run *rest = add_run(geometry, head->node, (uint32_t)all - head->count);
        head->next = rest->first;
        rest->offset = head->count * cluster_size;
    }
}

static enum exit_code place_nodes(struct fat_geometry *geometry, const struct fat_tree *tree)
{
    geometry->used_clusters = 0;
    geometry->first_clusters = calloc(tree->count, sizeof *geometry->first_clusters);
    geometry->runs = calloc(2 * (size_t)tree->count, sizeof *geometry->runs);
    if (geometry->first_clusters == NULL || geometry->runs == NULL) {
        fat_geometry_free(geometry);
        return failure_memory();
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        uint32_t clusters = head_clusters(geometry, tree, i);
        if (clusters > 0)
            geometry->first_clusters[i] = add_run(geometry, i, clusters)->first;
    }
    place_rests(geometry, tree, geometry->run_count);
    return EXIT_OK;
}

enum exit_code fat_geometry_make(const struct fat_tree *tree, const struct fat_geometry_wishes *wishes,
                                 struct fat_geometry *geometry)
{
    uint32_t bits = wishes->bits;
    uint64_t root = tree->nodes[FAT_TREE_ROOT].size / FAT_ENTRY_SIZE;
    uint64_t per_sector = FAT_SECTOR_SIZE / FAT_ENTRY_SIZE;
    uint64_t entries = root < ROOT_ENTRIES_LEAST ? ROOT_ENTRIES_LEAST : divide_up(root, per_sector) * per_sector;
    if (bits != 32 && entries > UINT16_MAX)
        return failure(EXIT_INPUT_REJECTED, "the root directory of FAT%u has no room for %lu entries; use --fat 32",
                       bits, entries);
    *geometry = (struct fat_geometry){
        .bits = bits,
        .root_entries = bits == 32 ? 0 : (uint32_t)entries,
        .boot_sectors = wishes->boot_spacious,
    };
    if (wishes->boot_spacious > wishes->boot_sectors && choose_cluster_size(geometry, tree, wishes))
        return place_nodes(geometry, tree);
    geometry->boot_sectors = wishes->boot_sectors;
    if (!choose_cluster_size(geometry, tree, wishes))
        return refuse(tree, wishes);
    return place_nodes(geometry, tree);
}

void fat_geometry_free(struct fat_geometry *geometry)
{
    free(geometry->first_clusters);
    free(geometry->runs);
    geometry->first_clusters = NULL;
    geometry->runs = NULL;
}
