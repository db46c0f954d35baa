#include "iso_tree.h"

#include "utf.h"

#include <stdlib.h>
#include <string.h>

#define STEM_SIZE 8u

/* --- names -------------------------------------------------------------------------------------------------------- */

/* What ECMA-119 lets a name have at its first level: capitals, digits and '_'. Spaces are no part of a name but at its
 * end. */
static void make_plain(const uint8_t *short_name, uint32_t start, uint32_t end, uint8_t *plain)
{
    bool ended = true;
    for (uint32_t i = end; i-- > start;) {
        uint8_t c = short_name[i];
        bool good = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        ended = ended && c == ' ';
        plain[i] = ended ? ' ' : good ? c : '_';
    }
}

static bool plain_taken(const struct iso_tree *tree, uint32_t node)
{
    for (uint32_t i = 1; i < node; i++)
        if (tree->nodes[i].parent == tree->nodes[node].parent &&
            memcmp(tree->plain[i], tree->plain[node], ISO_PLAIN_NAME_SIZE) == 0)
            return true;
    return false;
}

/* Names that differ in characters that are not allowed here get a number. */
static enum exit_code name_plainly(struct iso_tree *tree, uint32_t node)
{
    char number[STEM_SIZE];
    uint8_t *plain = tree->plain[node];
    make_plain(tree->nodes[node].short_name, 0, STEM_SIZE, plain);
    make_plain(tree->nodes[node].short_name, STEM_SIZE, ISO_PLAIN_NAME_SIZE, plain);
    if (tree->nodes[node].directory) /* no directory's name has an extension */
        memset(plain + STEM_SIZE, ' ', ISO_PLAIN_NAME_SIZE - STEM_SIZE);
    for (unsigned next = 0; plain_taken(tree, node); next++) {
        if (next > 99999)
            return failure(EXIT_INPUT_REJECTED, "'%s': too many names like this one in its directory",
                           tree->nodes[node].name);
        int digits = snprintf(number, sizeof number, "_%u", next);
        memcpy(plain + STEM_SIZE - (size_t)digits, number, (size_t)digits);
        for (uint32_t i = 0; i < STEM_SIZE; i++)
            plain[i] = plain[i] == ' ' ? '_' : plain[i];
    }
    return EXIT_OK;
}

static size_t plain_name(const struct iso_tree *tree, uint32_t node, uint8_t *name)
{
    const uint8_t *plain = tree->plain[node];
    size_t size = 0;
    for (uint32_t i = 0; i < STEM_SIZE && plain[i] != ' '; i++)
        name[size++] = plain[i];
    if (tree->nodes[node].directory)
        return size;
    name[size++] = '.';
    for (uint32_t i = STEM_SIZE; i < ISO_PLAIN_NAME_SIZE && plain[i] != ' '; i++)
        name[size++] = plain[i];
    name[size++] = ';';
    name[size++] = '1';
    return size;
}

static size_t put_unit(uint8_t *name, size_t size, uint16_t unit)
{
    name[size] = (uint8_t)(unit >> 8);
    name[size + 1] = (uint8_t)unit;
    return size + 2;
}

/* What Joliet forbids in a name; of these a name of FAT can have ';', which divides name and version. */
static bool joliet_allows(uint32_t character)
{
    return character >= ' ' && (character > 0x7f || strchr("*/:;?\\", (int)character) == NULL);
}

/* Sizes are of UTF-16: a name of nothing but pairs has half as many characters. */
static size_t joliet_name(const struct iso_node *node, uint8_t *name)
{
    const char *text = node->name, *end = text + strlen(text);
    size_t size = 0;
    uint32_t character;
    uint16_t units[2];
    while (text < end && utf8_take(&text, end, &character)) {
        uint32_t count = utf16_put(joliet_allows(character) ? character : '_', units);
        if (size + 2 * (size_t)count > ISO_JOLIET_NAME_MAX * 2)
            return 0;
        for (uint32_t i = 0; i < count; i++)
            size = put_unit(name, size, units[i]);
    }
    if (!node->directory)
        size = put_unit(name, put_unit(name, size, ';'), '1');
    return size;
}

size_t iso_tree_name(const struct iso_tree *tree, enum iso_form form, uint32_t node, uint8_t name[ISO_NAME_SIZE_MAX])
{
    return form == ISO_PRIMARY ? plain_name(tree, node, name) : joliet_name(&tree->nodes[node], name);
}

/* --- order -------------------------------------------------------------------------------------------------------- */

struct comparison {
    const struct iso_tree *tree;
    enum iso_form form;
};

/* ECMA-119, 9.3: the shorter name is filled up with spaces, in Joliet with zeroes; a directory's stands by itself. */
static int compare_names(const struct comparison *with, uint32_t a, uint32_t b)
{
    uint8_t one[ISO_NAME_SIZE_MAX], other[ISO_NAME_SIZE_MAX];
    if (with->form == ISO_PRIMARY)
        return memcmp(with->tree->plain[a], with->tree->plain[b], ISO_PLAIN_NAME_SIZE);
    size_t one_size = joliet_name(&with->tree->nodes[a], one), other_size = joliet_name(&with->tree->nodes[b], other);
    int order = memcmp(one, other, one_size < other_size ? one_size : other_size);
    return order != 0 ? order : (one_size > other_size) - (one_size < other_size);
}

static int compare(const void *a, const void *b, void *context)
{
    const struct comparison *with = context;
    const uint32_t *one = a, *other = b;
    uint32_t parent = with->tree->nodes[*one].parent, other_parent = with->tree->nodes[*other].parent;
    return parent != other_parent ? (parent > other_parent) - (parent < other_parent)
                                  : compare_names(with, *one, *other);
}

static void sort_children(struct iso_tree *tree, enum iso_form form)
{
    struct iso_order *order = &tree->orders[form];
    struct comparison with = {tree, form};
    for (uint32_t i = 1; i < tree->count; i++)
        order->children[i - 1] = i;
    qsort_r(order->children, tree->count - 1, sizeof *order->children, compare, &with);
    uint32_t child = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        order->first_child[i] = child;
        while (child + 1 < tree->count && tree->nodes[order->children[child]].parent == i)
            child++;
    }
    order->first_child[tree->count] = tree->count - 1;
}

/* The path table has each level's directories by the number of their parent, and then by name. */
static void number_directories(struct iso_tree *tree, enum iso_form form)
{
    struct iso_order *order = &tree->orders[form];
    uint32_t count = 1;
    order->directories[0] = 0;
    order->numbers[0] = 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t parent = order->directories[i];
        for (uint32_t c = order->first_child[parent]; c < order->first_child[parent + 1]; c++) {
            uint32_t child = order->children[c];
            if (!tree->nodes[child].directory)
                continue;
            order->directories[count++] = child;
            order->numbers[child] = count;
        }
    }
    tree->directory_count = count;
}

/* --- sizes -------------------------------------------------------------------------------------------------------- */

uint32_t iso_record_size(size_t name_size)
{
    uint32_t size = ISO_RECORD_SIZE + (uint32_t)name_size;
    return size + size % 2;
}

/* No record lies across two blocks. */
static void measure_directory(struct iso_tree *tree, enum iso_form form, uint32_t directory)
{
    const struct iso_order *order = &tree->orders[form];
    uint8_t name[ISO_NAME_SIZE_MAX];
    uint32_t blocks = 1, used = 2 * iso_record_size(1); /* itself and its parent */
    for (uint32_t c = order->first_child[directory]; c < order->first_child[directory + 1]; c++) {
        const struct iso_node *node = &tree->nodes[order->children[c]];
        uint32_t size = iso_record_size(iso_tree_name(tree, form, order->children[c], name));
        for (uint32_t i = 0; i == 0 || i < node->extent_count; i++) {
            if (used + size > ISO_BLOCK_SIZE) {
                blocks++;
                used = 0;
            }
            used += size;
        }
    }
    order->blocks[directory] = blocks;
}

static void measure(struct iso_tree *tree, enum iso_form form)
{
    uint8_t name[ISO_NAME_SIZE_MAX];
    const struct iso_order *order = &tree->orders[form];
    for (uint32_t i = 0; i < tree->directory_count; i++) {
        size_t size = i == 0 ? 1 : iso_tree_name(tree, form, order->directories[i], name);
        tree->table_sizes[form] += 8 + size + size % 2;
        measure_directory(tree, form, order->directories[i]);
    }
}

uint64_t iso_tree_blocks(const struct iso_tree *tree)
{
    uint64_t blocks = ISO_TABLES_BLOCK;
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        blocks += 2 * ((tree->table_sizes[form] + ISO_BLOCK_SIZE - 1) / ISO_BLOCK_SIZE);
        for (uint32_t i = 0; i < tree->directory_count; i++)
            blocks += tree->orders[form].blocks[tree->orders[form].directories[i]];
    }
    return blocks;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static enum exit_code check_node(const struct iso_tree *tree, uint32_t node)
{
    uint8_t name[ISO_NAME_SIZE_MAX];
    uint32_t depth = 1;
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent)
        depth++;
    if (joliet_name(&tree->nodes[node], name) == 0)
        return failure(EXIT_INPUT_REJECTED, "'%s': a file name on a CD has at most %u characters",
                       tree->nodes[node].name, ISO_JOLIET_NAME_MAX);
    if (tree->nodes[node].directory && depth > ISO_DEPTH_MAX)
        return failure(EXIT_INPUT_REJECTED, "'%s/': a CD has at most %u levels of directories below one another",
                       tree->nodes[node].name, ISO_DEPTH_MAX);
    return EXIT_OK;
}

static enum exit_code allocate(struct iso_tree *tree)
{
    size_t count = tree->count + (size_t)1;
    tree->plain = calloc(count, sizeof *tree->plain);
    bool complete = tree->plain != NULL;
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        struct iso_order *order = &tree->orders[form];
        order->children = calloc(count, sizeof *order->children);
        order->first_child = calloc(count, sizeof *order->first_child);
        order->directories = calloc(count, sizeof *order->directories);
        order->numbers = calloc(count, sizeof *order->numbers);
        order->blocks = calloc(count, sizeof *order->blocks);
        complete =
            complete && order->children && order->first_child && order->directories && order->numbers && order->blocks;
    }
    return complete ? EXIT_OK : failure_memory();
}

/* Names that differ in what is not allowed here only. */
static enum exit_code check_twins(const struct iso_tree *tree)
{
    const uint32_t *children = tree->orders[ISO_JOLIET].children;
    struct comparison with = {tree, ISO_JOLIET};
    for (uint32_t i = 1; i + 1 < tree->count; i++)
        if (compare(&children[i - 1], &children[i], &with) == 0)
            return failure(EXIT_INPUT_REJECTED,
                           "'%s' and '%s' would have the same name on a CD, where ';' becomes '_'; rename one",
                           tree->nodes[children[i - 1]].name, tree->nodes[children[i]].name);
    return EXIT_OK;
}

enum exit_code iso_tree_make(struct iso_tree *tree, struct iso_node *nodes, uint32_t count)
{
    *tree = (struct iso_tree){.nodes = nodes, .count = count};
    enum exit_code code = allocate(tree);
    for (uint32_t i = 1; i < count && code == EXIT_OK; i++) {
        code = check_node(tree, i);
        if (code == EXIT_OK)
            code = name_plainly(tree, i);
    }
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS && code == EXIT_OK; form++) {
        sort_children(tree, form);
        number_directories(tree, form);
        measure(tree, form);
    }
    if (code == EXIT_OK)
        code = check_twins(tree);
    if (code == EXIT_OK && tree->directory_count > UINT16_MAX)
        code =
            failure(EXIT_INPUT_REJECTED, "a CD has at most %u directories, not %u", UINT16_MAX, tree->directory_count);
    return code;
}

void iso_tree_free(struct iso_tree *tree)
{
    for (enum iso_form form = ISO_PRIMARY; form < ISO_FORMS; form++) {
        free(tree->orders[form].children);
        free(tree->orders[form].first_child);
        free(tree->orders[form].directories);
        free(tree->orders[form].numbers);
        free(tree->orders[form].blocks);
    }
    free(tree->plain);
    free(tree->nodes);
    *tree = (struct iso_tree){0};
}
