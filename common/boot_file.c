#include "boot_file.h"

#include "format.h"
#include "medium.h"

void boot_file_name(struct config_text path, char *text)
{
    format(text, FIRMWARE_PATH_MAX + 1, "%.*s", (int)path.size, path.text);
}

enum status boot_file_open(struct boot_files *files, struct config_text path, struct boot_file *file,
                           struct error *error)
{
    char name[FIRMWARE_PATH_MAX + 1];
    if (path.size > FIRMWARE_PATH_MAX)
        return error_set(error, STATUS_PATH_BAD, "a path of %u bytes is too long (at most %u)", path.size,
                         (unsigned)FIRMWARE_PATH_MAX);
    boot_file_name(path, name);
    enum status status = firmware_open(name, &file->medium, error);
    if (status != STATUS_OK)
        return status;
    file->source = medium_source(&file->medium, name);
    bool is_packed = false;
    struct packed_head head;
    if (files->compressed)
        status = medium_keep(files->frames, &file->source, error);
    if (files->compressed && status == STATUS_OK)
        status = packed_detect(&file->source, &is_packed, &head, error);
    if (status == STATUS_OK && is_packed)
        status = boot_file_unpack(files, &head, file, error);
    else
        file->source.name = ""; /* `name` goes now */
    file->size = file->source.size;
    return status;
}

enum status boot_file_read(struct boot_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    return file->source.read(file->source.context, offset, size, to, error);
}
