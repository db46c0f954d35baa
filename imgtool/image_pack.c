#include "image_pack.h"

#include "progress.h"

/* What is compressed: the kernel, the ramdisk, the modules. */
static uint32_t path_count(const struct config *config)
{
    return 2 + config->module_count;
}

/* The file of that number; NULL: there is none, or it has to stay as it is. */
static const struct image_item *find(const struct image_content *content, const struct config *config, uint32_t index)
{
    struct config_text path = index == 0   ? config->kernel
                              : index == 1 ? config->ramdisk
                                           : config->modules[index - 2].path;
    const struct image_item *item = path.size != 0 ? image_content_find(content, path.text, path.size) : NULL;
    return item == NULL || item->bytes.data != NULL || item->packed ? NULL : item;
}

static enum exit_code pack_item(struct image_content *content, const struct image_item *item,
                                const struct pack_options *options)
{
    struct host_file packed;
    enum exit_code code = pack_file(&item->file, options, &packed);
    if (code != EXIT_OK)
        return code;
    if (packed.size < item->file.size)
        image_content_replace(content, item, &packed);
    else
        host_file_close(&packed);
    return EXIT_OK;
}

static uint64_t total_size(const struct image_content *content, const struct config *config)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < path_count(config); i++) {
        const struct image_item *item = find(content, config, i);
        size += item != NULL ? item->file.size : 0;
    }
    return size;
}

enum exit_code image_pack(struct image_content *content, const struct config *config,
                          const struct pack_options *options)
{
    enum exit_code code = EXIT_OK;
    progress_begin("compressing", total_size(content, config));
    for (uint32_t i = 0; i < path_count(config) && code == EXIT_OK; i++) {
        const struct image_item *item = find(content, config, i);
        if (item != NULL)
            code = pack_item(content, item, options);
    }
    progress_end();
    return code;
}
