#include "boot_config.h"

#include <stdio.h>
#include <stdlib.h>

enum status boot_config_read(struct fat *fat, struct boot_config_file *file, config_warning *warn, void *context,
                             struct error *error)
{
    struct fat_file found;
    *file = (struct boot_config_file){0};
    config_defaults(&file->config);
    enum status status = fat_open(fat, CONFIG_PATH, &found, error);
    if (status != STATUS_OK)
        return status == STATUS_FILE_NOT_FOUND ? STATUS_OK : status;
    if (found.size > CONFIG_SIZE_MAX)
        return error_set(error, STATUS_CONFIG_TOO_BIG, "%s has %u bytes; at most %u are read", CONFIG_PATH, found.size,
                         CONFIG_SIZE_MAX);
    file->text = malloc(found.size + 1u);
    if (file->text == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    file->size = found.size;
    status = fat_read(&found, 0, found.size, file->text, error);
    struct span text = {(const uint8_t *)file->text, found.size};
    return status == STATUS_OK && found.size > 0 ? config_parse(text, &file->config, warn, context, error) : status;
}

void boot_config_free(struct boot_config_file *file)
{
    free(file->text);
    file->text = NULL;
}

enum status boot_config_open(struct fat *fat, struct config_text path, struct fat_file *file, struct error *error)
{
    char text[CONFIG_PATH_MAX + 1];
    if (path.size > CONFIG_PATH_MAX)
        return error_set(error, STATUS_PATH_BAD, "a path of %u bytes is too long", path.size);
    snprintf(text, sizeof text, "%.*s", (int)path.size, path.text);
    enum status status = fat_open(fat, text, file, error);
    if (status != STATUS_OK)
        return status;
    if ((file->attributes & FAT_ATTRIBUTE_DIRECTORY) != 0)
        return error_set(error, STATUS_NOT_A_FILE, "%s is a directory", text);
    return file->size != 0 ? STATUS_OK : error_set(error, STATUS_FILE_EMPTY, "%s is empty", text);
}
