/* The files and directories that a new FAT volume will have: names, sizes and order. Nothing here knows where they will
 * lie; fat_geometry.h does. */
#ifndef STAGECOACH_IMGTOOL_FAT_TREE_H
#define STAGECOACH_IMGTOOL_FAT_TREE_H

#include "fat_name.h"
#include "failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAT_TREE_ROOT 0u
#define FAT_FILE_SIZE_MAX 0xffffffffull

struct fat_node {
    char *name; /* UTF-8, owned; the root's is empty */
    uint8_t short_name[FAT_SHORT_NAME_SIZE];
    uint16_t units[FAT_NAME_MAX + 1];
    uint32_t unit_count; /* of the long name's entries; 0: the short name says it all */
    bool directory;
    uint32_t parent;  /* index */
    uint64_t size;    /* bytes; of a directory: its entries, with "." and "..", or the label in the root */
    uint64_t head;    /* of a file: bytes that lie in its place; the rest lies behind all other files. 0: in one piece */
    uint32_t content; /* the caller's number for a file's bytes */
};

struct fat_tree {
    struct fat_node *nodes; /* parents stand before their children */
    uint32_t count;
};

enum exit_code fat_tree_init(struct fat_tree *tree);
void fat_tree_free(struct fat_tree *tree);

/* Adds a file, and the directories on the way to it. `path` is absolute and obeys path_check(). */
enum exit_code fat_tree_add(struct fat_tree *tree, const char *path, uint64_t size, uint32_t content);

/* Does another entry of the directory have this short name? */
typedef bool fat_short_name_taken(const void *context, const uint8_t name[FAT_SHORT_NAME_SIZE]);

/* Fills in the short name, and the long one's units, that belong to node->name. fat_tree_add() does it for its nodes.
 */
enum exit_code fat_node_name(struct fat_node *node, fat_short_name_taken *taken, const void *context);

/* Number of 32-byte entries that a node takes in its directory. */
uint32_t fat_node_entries(const struct fat_node *node);

#endif
