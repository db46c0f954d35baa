#include "fat_tree.h"

#include "path.h"

#include <stdlib.h>
#include <string.h>

enum exit_code fat_tree_init(struct fat_tree *tree)
{
    tree->nodes = calloc(1, sizeof *tree->nodes);
    tree->count = 0;
    if (tree->nodes == NULL)
        return failure_memory();
    tree->nodes[0].name = strdup("");
    tree->nodes[0].directory = true;
    tree->nodes[0].size = FAT_ENTRY_SIZE; /* the volume label */
    tree->count = 1;
    return tree->nodes[0].name != NULL ? EXIT_OK : failure_memory();
}

void fat_tree_free(struct fat_tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++)
        free(tree->nodes[i].name);
    free(tree->nodes);
    tree->nodes = NULL;
    tree->count = 0;
}

uint32_t fat_node_entries(const struct fat_node *node)
{
    return 1 + (node->unit_count + FAT_LONG_PART_UNITS - 1) / FAT_LONG_PART_UNITS;
}

struct siblings { /* of a new node */
    const struct fat_tree *tree;
    uint32_t parent;
};

static bool short_name_taken(const void *context, const uint8_t name[FAT_SHORT_NAME_SIZE])
{
    const struct siblings *siblings = context;
    for (uint32_t i = 1; i < siblings->tree->count; i++) {
        const struct fat_node *node = &siblings->tree->nodes[i];
        if (node->parent == siblings->parent && memcmp(node->short_name, name, FAT_SHORT_NAME_SIZE) == 0)
            return true;
    }
    return false;
}

/* Room for one more: twice as much whenever the nodes are as many as a power of two. */
static enum exit_code make_room(struct fat_tree *tree)
{
    if ((tree->count & (tree->count - 1)) != 0)
        return EXIT_OK;
    struct fat_node *nodes = reallocarray(tree->nodes, tree->count * (size_t)2, sizeof *nodes);
    if (nodes == NULL)
        return failure_memory();
    tree->nodes = nodes;
    return EXIT_OK;
}

static enum exit_code add_node(struct fat_tree *tree, uint32_t parent, const char *name, size_t size, bool directory,
                               uint32_t *index)
{
    enum exit_code code = make_room(tree);
    if (code != EXIT_OK)
        return code;
    struct fat_node *nodes = tree->nodes, *node = &nodes[tree->count];
    memset(node, 0, sizeof *node);
    node->name = strndup(name, size);
    node->parent = parent;
    node->directory = directory;
    if (node->name == NULL)
        return failure_memory();
    struct siblings siblings = {tree, parent};
    code = fat_node_name(node, short_name_taken, &siblings);
    if (code != EXIT_OK) {
        free(node->name);
        return code;
    }
    if (directory)
        node->size = 2 * FAT_ENTRY_SIZE;
    nodes[parent].size += fat_node_entries(node) * FAT_ENTRY_SIZE;
    *index = tree->count++;
    if (nodes[parent].size > FAT_DIRECTORY_SIZE_MAX)
        return failure(EXIT_INPUT_REJECTED, "'%s/': too many files; a FAT directory has 65536 entries",
                       nodes[parent].name);
    return EXIT_OK;
}

/* Short names count too: a path that one of them answers to would open the wrong file. */
static bool answers_to(const struct fat_node *node, const char *name, size_t size)
{
    char text[13];
    uint8_t entry[FAT_ENTRY_SIZE] = {0};
    memcpy(entry, node->short_name, FAT_SHORT_NAME_SIZE);
    fat_short_name_text(entry, false, text);
    return path_names_equal(node->name, strlen(node->name), name, size) ||
           path_names_equal(text, strlen(text), name, size);
}

static bool find_child(const struct fat_tree *tree, uint32_t parent, const char *name, size_t size, uint32_t *index)
{
    for (uint32_t i = 1; i < tree->count; i++) {
        if (tree->nodes[i].parent == parent && answers_to(&tree->nodes[i], name, size)) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum exit_code fat_tree_add(struct fat_tree *tree, const char *path, uint64_t size, uint32_t content)
{
    uint32_t at = FAT_TREE_ROOT;
    for (const char *name = path + 1;;) {
        size_t length = strcspn(name, "/");
        bool last = name[length] == '\0';
        uint32_t found = FAT_TREE_ROOT;
        if (find_child(tree, at, name, length, &found)) {
            if (last || !tree->nodes[found].directory)
                return failure(
                    EXIT_INPUT_REJECTED,
                    "%s: %.*s is there already (FAT does not tell upper from lower case); choose another name", path,
                    (int)(name + length - path), path);
        } else {
            enum exit_code code = add_node(tree, at, name, length, !last, &found);
            if (code != EXIT_OK)
                return code;
        }
        at = found;
        if (last)
            break;
        name += length + 1;
    }
    tree->nodes[at].size = size;
    tree->nodes[at].content = content;
    return EXIT_OK;
}
