/* How big the parts of a new FAT volume are, and where each file lies on it: all in numbers, before a byte is written.
 */
#ifndef STAGECOACH_IMGTOOL_FAT_GEOMETRY_H
#define STAGECOACH_IMGTOOL_FAT_GEOMETRY_H

#include "fat_tree.h"

#define FAT_SECTOR_SIZE 512u
#define FAT_TABLES 2u

/* Neighbouring clusters that belong together. Every node has one run, a file whose rest lies apart has two. */
struct fat_run {
    uint32_t node; /* of the tree */
    uint32_t first, count;
    uint32_t next;   /* cluster where the file goes on; 0: it ends here */
    uint64_t offset; /* in the file, of its first byte */
};

struct fat_geometry {
    uint32_t bits;    /* 12, 16 or 32 */
    uint32_t sectors; /* of the whole volume */
    uint32_t sectors_per_cluster;
    uint32_t boot_sectors; /* left to the caller */
    uint32_t reserved_sectors;
    uint32_t fat_sectors;  /* of one table */
    uint32_t root_entries; /* FAT12/16 */
    uint32_t cluster_count;
    uint32_t used_clusters;
    uint64_t data_offset;     /* bytes from the volume's start to cluster 2 */
    uint32_t alignment, lead; /* sectors: what lies `lead` behind cluster 2 lies at a multiple of `alignment` */
    uint32_t *first_clusters; /* of each node of the tree, owned; 0: has none */
    struct fat_run *runs;     /* owned; in the order on the volume, with no gap */
    uint32_t run_count;
};

struct fat_geometry_wishes {
    uint32_t bits;
    uint64_t sectors;       /* of the whole volume; 0: as few as make a good one */
    uint32_t granularity;   /* in sectors: what those few are rounded up to */
    uint32_t boot_sectors;  /* left to the caller, from the start on; 0: just the boot sectors of FAT */
    uint32_t boot_spacious; /* so many of them, if the volume is large enough */
    uint32_t cluster_least; /* sectors, a power of two; 0: as small as FAT has them */
};

enum exit_code fat_geometry_make(const struct fat_tree *tree, const struct fat_geometry_wishes *wishes,
                                 struct fat_geometry *geometry);
void fat_geometry_free(struct fat_geometry *geometry);

/* Clusters that a node takes in this volume; 0 for empty files and for the root of FAT12/16. */
uint64_t fat_geometry_clusters(const struct fat_geometry *geometry, const struct fat_tree *tree, uint32_t node);

/* Where a cluster begins, in bytes from the volume's start. */
uint64_t fat_geometry_offset(const struct fat_geometry *geometry, uint32_t cluster);

#endif
