#include "fat_tree.h"

#include "path.h"
#include "utf.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_BASE 8u
#define TAILS_MAX 999999u /* "~999999" leaves one letter */

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

static bool is_short_letter(char letter)
{
    return letter != '\0' && ((letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
                              strchr("$%'-_@~`!(){}^#&", letter) != NULL);
}

/* Makes a part of a short name: upper case, '_' for what is not allowed there, no spaces and dots. Returns its length;
 * *exact turns false if anything but the letters' case had to change. */
static uint32_t short_part(const char *from, const char *end, uint32_t limit, uint8_t *to, bool *exact)
{
    uint32_t length = 0;
    for (; from < end; from++) {
        char letter = *from >= 'a' && *from <= 'z' ? (char)(*from - 0x20) : *from;
        if (*from == ' ' || *from == '.' || ((uint8_t)*from & 0xc0) == 0x80) { /* 0x80: inside a UTF-8 sequence */
            *exact = false;
            continue;
        }
        if (length == limit || !is_short_letter(letter))
            *exact = false;
        if (length < limit)
            to[length++] = (uint8_t)(is_short_letter(letter) ? letter : '_');
    }
    return length;
}

/* Returns false if the short name can't stand for the long one and needs a tail. */
static bool make_short_name(const char *name, uint8_t to[FAT_SHORT_NAME_SIZE])
{
    bool exact = true;
    const char *end = name + strlen(name), *dot = strrchr(name, '.');
    if (dot == NULL || dot == name)
        dot = end;
    memset(to, ' ', FAT_SHORT_NAME_SIZE);
    uint32_t length = short_part(name, dot, SHORT_BASE, to, &exact);
    if (dot < end)
        short_part(dot + 1, end, FAT_SHORT_NAME_SIZE - SHORT_BASE, to + SHORT_BASE, &exact);
    if (length == 0) {
        to[0] = '_';
        exact = false;
    }
    return exact;
}

static bool short_name_taken(const struct fat_tree *tree, uint32_t parent, const uint8_t name[FAT_SHORT_NAME_SIZE])
{
    for (uint32_t i = 1; i < tree->count; i++)
        if (tree->nodes[i].parent == parent && memcmp(tree->nodes[i].short_name, name, FAT_SHORT_NAME_SIZE) == 0)
            return true;
    return false;
}

/* Puts "~1", "~2", ... behind the base until nobody else in the directory is called so. */
static enum exit_code add_tail(const struct fat_tree *tree, struct fat_node *node)
{
    uint8_t base[SHORT_BASE];
    memcpy(base, node->short_name, sizeof base);
    for (uint32_t number = 1; number <= TAILS_MAX; number++) {
        char tail[SHORT_BASE + 1];
        int size = snprintf(tail, sizeof tail, "~%u", number);
        uint32_t keep = SHORT_BASE - (uint32_t)size;
        while (keep > 1 && base[keep - 1] == ' ')
            keep--;
        memset(node->short_name, ' ', SHORT_BASE);
        memcpy(node->short_name, base, keep);
        memcpy(node->short_name + keep, tail, (size_t)size);
        if (!short_name_taken(tree, node->parent, node->short_name))
            return EXIT_OK;
    }
    return failure(EXIT_INPUT_REJECTED, "%s: no short name is left in its directory", node->name);
}

/* A short name in plain upper case needs no long one; anything else keeps its letters in long entries. */
static enum exit_code name_node(const struct fat_tree *tree, struct fat_node *node)
{
    char text[13];
    uint8_t entry[FAT_ENTRY_SIZE] = {0};
    bool exact = make_short_name(node->name, node->short_name);
    memcpy(entry, node->short_name, FAT_SHORT_NAME_SIZE);
    fat_short_name_text(entry, false, text);
    if (exact && strcmp(text, node->name) == 0 && !short_name_taken(tree, node->parent, node->short_name))
        return EXIT_OK;
    const char *from = node->name, *end = from + strlen(from);
    while (from < end) {
        uint32_t character;
        if (!utf8_take(&from, end, &character) || node->unit_count + 2 > FAT_NAME_MAX + 1u)
            return failure(EXIT_INPUT_REJECTED, "%s: not a name for a FAT volume", node->name);
        node->unit_count += utf16_put(character, node->units + node->unit_count);
    }
    if (exact && !short_name_taken(tree, node->parent, node->short_name))
        return EXIT_OK;
    return add_tail(tree, node);
}

static enum exit_code add_node(struct fat_tree *tree, uint32_t parent, const char *name, size_t size, bool directory,
                               uint32_t *index)
{
    struct fat_node *nodes = reallocarray(tree->nodes, tree->count + 1u, sizeof *nodes);
    if (nodes == NULL)
        return failure_memory();
    tree->nodes = nodes;
    struct fat_node *node = &nodes[tree->count];
    memset(node, 0, sizeof *node);
    node->name = strndup(name, size);
    node->parent = parent;
    node->directory = directory;
    if (node->name == NULL)
        return failure_memory();
    enum exit_code code = name_node(tree, node);
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
