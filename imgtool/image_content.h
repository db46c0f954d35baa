/* What goes onto the FAT volume of an image: files of the user's, and bytes that imgtool has itself. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_CONTENT_H
#define STAGECOACH_IMGTOOL_IMAGE_CONTENT_H

#include "fat_tree.h"
#include "host_file.h"
#include "span.h"

struct image_item {
    char *path; /* on the volume, owned */
    struct host_file file;
    bool packed;       /* compressed: `file` is not what `path` said */
    struct span bytes; /* if data is not NULL: these, and no file */
};

struct image_content {
    struct image_item *items;
    uint32_t count;
    struct fat_tree tree; /* contents are indices of items */
};

enum exit_code image_content_init(struct image_content *content);
void image_content_free(struct image_content *content);

/* Opens `source` for `path`, and checks that path and size are FAT's. */
enum exit_code image_content_add_file(struct image_content *content, const char *source, const char *path);

/* Takes over an open file; closes it on failure. */
enum exit_code image_content_add_open(struct image_content *content, const struct host_file *file, const char *path);

/* `bytes` must outlive the content. */
enum exit_code image_content_add_bytes(struct image_content *content, struct span bytes, const char *path);

/* The item that the loader would find under `path`, or NULL. */
const struct image_item *image_content_find(const struct image_content *content, const char *path, size_t size);

/* Another file in place of an item's, which is closed. */
void image_content_replace(struct image_content *content, const struct image_item *item, const struct host_file *file);

/* Of an item's bytes, only the first `head` have to lie in its place on the volume: fat_tree.h. */
void image_content_part(struct image_content *content, const struct image_item *item, uint64_t head);

uint64_t image_item_size(const struct image_item *item);

/* Of all items together. */
uint64_t image_content_size(const struct image_content *content);

#endif
