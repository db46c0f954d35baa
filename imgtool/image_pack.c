#include "image_pack.h"

static enum exit_code pack_item(struct image_content *content, struct config_text path,
                                const struct pack_options *options)
{
    const struct image_item *item = image_content_find(content, path.text, path.size);
    struct host_file packed;
    if (item == NULL || item->bytes.data != NULL || item->packed)
        return EXIT_OK;
    enum exit_code code = pack_file(&item->file, options, &packed);
    if (code != EXIT_OK)
        return code;
    if (packed.size < item->file.size)
        image_content_replace(content, item, &packed);
    else
        host_file_close(&packed);
    return EXIT_OK;
}

enum exit_code image_pack(struct image_content *content, const struct config *config,
                          const struct pack_options *options)
{
    enum exit_code code = pack_item(content, config->kernel, options);
    if (code == EXIT_OK && config->ramdisk.size > 0)
        code = pack_item(content, config->ramdisk, options);
    for (uint32_t i = 0; i < config->module_count && code == EXIT_OK; i++)
        code = pack_item(content, config->modules[i].path, options);
    return code;
}
