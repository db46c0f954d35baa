/* The files and directories of an ISO 9660 volume: their names in both forms, their order, and how many blocks the
 * directories take. Where the directories lie is the concern of iso_write.h. */
#ifndef STAGECOACH_IMGTOOL_ISO_TREE_H
#define STAGECOACH_IMGTOOL_ISO_TREE_H

#include "failure.h"
#include "iso_format.h"

#include <stddef.h>

#define ISO_PLAIN_NAME_SIZE 11u /* eight characters and three, filled up with spaces */

struct iso_extent {
    uint64_t offset, size; /* bytes of the image; all but a file's last are whole blocks */
};

struct iso_node {
    const char *name;          /* UTF-8; not owned */
    const uint8_t *short_name; /* as FAT has it, 11 bytes; not owned */
    uint32_t parent;           /* index; nodes[0] is the root */
    bool directory;
    const struct iso_extent *extents; /* of a file; not owned, and of no concern to the order */
    uint32_t extent_count;            /* 0: empty */
};

enum iso_form { ISO_PRIMARY, ISO_JOLIET, ISO_FORMS };

/* One of the two trees. */
struct iso_order {
    uint32_t *children;    /* nodes, by parent and then by name */
    uint32_t *first_child; /* of each node, in children; one more at the end */
    uint32_t *directories; /* nodes, in the order of the path table */
    uint32_t *numbers;     /* of each node that is a directory, in the path table, from 1 */
    uint32_t *blocks;      /* of each node that is a directory */
};

struct iso_tree {
    struct iso_node *nodes; /* owned; parents stand before their children */
    uint32_t count, directory_count;
    uint8_t (*plain)[ISO_PLAIN_NAME_SIZE]; /* the primary tree's names */
    struct iso_order orders[ISO_FORMS];
    uint64_t table_sizes[ISO_FORMS]; /* bytes of a path table */
};

/* Takes over `nodes`, which were allocated. To be freed in any case. */
enum exit_code iso_tree_make(struct iso_tree *tree, struct iso_node *nodes, uint32_t count);
void iso_tree_free(struct iso_tree *tree);

/* A node's name as its record has it, with the file's version; returns its size. */
size_t iso_tree_name(const struct iso_tree *tree, enum iso_form form, uint32_t node, uint8_t name[ISO_NAME_SIZE_MAX]);

/* Bytes of a record with a name of that size. */
uint32_t iso_record_size(size_t name_size);

/* Blocks of the volume from block 0 up to the end of the last directory. */
uint64_t iso_tree_blocks(const struct iso_tree *tree);

#endif
