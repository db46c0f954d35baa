#include "image_content.h"

#include "path.h"

#include <stdlib.h>
#include <string.h>

enum exit_code image_content_init(struct image_content *content)
{
    *content = (struct image_content){0};
    return fat_tree_init(&content->tree);
}

void image_content_free(struct image_content *content)
{
    for (uint32_t i = 0; i < content->count; i++) {
        free(content->items[i].path);
        host_file_close(&content->items[i].file);
    }
    free(content->items);
    fat_tree_free(&content->tree);
    *content = (struct image_content){0};
}

uint64_t image_item_size(const struct image_item *item)
{
    return item->bytes.data != NULL ? item->bytes.size : item->file.size;
}

uint64_t image_content_size(const struct image_content *content)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < content->count; i++)
        size += image_item_size(&content->items[i]);
    return size;
}

static enum exit_code check_item(const struct image_item *item)
{
    struct error error;
    uint64_t size = image_item_size(item);
    if (path_check(item->path, strlen(item->path), &error) != STATUS_OK)
        return failure(EXIT_INPUT_REJECTED, "'%s' can't be a path on the boot volume: %s", item->path, error.text);
    if (strcmp(item->path, "/") == 0)
        return failure(EXIT_INPUT_REJECTED, "'/' is the root directory; give the file a name");
    if (size > FAT_FILE_SIZE_MAX)
        return failure(EXIT_INPUT_REJECTED, "%s: has %lu bytes; a file on FAT has at most %llu (4 GiB - 1)",
                       item->bytes.data != NULL ? item->path : item->file.path, size, FAT_FILE_SIZE_MAX);
    return EXIT_OK;
}

static enum exit_code add(struct image_content *content, struct image_item *item, const char *path)
{
    item->path = strdup(path);
    struct image_item *items = reallocarray(content->items, content->count + 1u, sizeof *items);
    if (items != NULL)
        content->items = items;
    enum exit_code code = item->path == NULL || items == NULL ? failure_memory() : check_item(item);
    if (code == EXIT_OK)
        code = fat_tree_add(&content->tree, item->path, image_item_size(item), content->count);
    if (code == EXIT_OK) {
        items[content->count++] = *item;
        return EXIT_OK;
    }
    free(item->path);
    host_file_close(&item->file);
    return code;
}

enum exit_code image_content_add_open(struct image_content *content, const struct host_file *file, const char *path)
{
    struct image_item item = {.file = *file};
    return add(content, &item, path);
}

enum exit_code image_content_add_file(struct image_content *content, const char *source, const char *path)
{
    struct host_file file;
    enum exit_code code = host_file_open(&file, source);
    return code == EXIT_OK ? image_content_add_open(content, &file, path) : code;
}

enum exit_code image_content_add_bytes(struct image_content *content, struct span bytes, const char *path)
{
    struct image_item item = {.file = {.fd = -1}, .bytes = bytes};
    return add(content, &item, path);
}

const struct image_item *image_content_find(const struct image_content *content, const char *path, size_t size)
{
    for (uint32_t i = 0; i < content->count; i++)
        if (path_names_equal(content->items[i].path, strlen(content->items[i].path), path, size))
            return &content->items[i];
    return NULL;
}

static struct fat_node *node_of(struct image_content *content, uint32_t index)
{
    uint32_t i = 0;
    while (content->tree.nodes[i].directory || content->tree.nodes[i].content != index)
        i++;
    return &content->tree.nodes[i];
}

void image_content_replace(struct image_content *content, const struct image_item *item, const struct host_file *file)
{
    uint32_t index = (uint32_t)(item - content->items);
    host_file_close(&content->items[index].file);
    content->items[index].file = *file;
    content->items[index].packed = true;
    node_of(content, index)->size = file->size;
}

void image_content_part(struct image_content *content, const struct image_item *item, uint64_t head)
{
    node_of(content, (uint32_t)(item - content->items))->head = head;
}
