#include "volume_file.h"

#include "pack.h"
#include "progress.h"

#include <stdlib.h>

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
}

static enum status read_volume(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    return fat_read(context, offset, size, to, error);
}

static enum status open_packed(struct volume_file *file, const struct packed_head *head, struct error *error)
{
    file->table = malloc(packed_table_size(head));
    file->unpacker = (struct unpacker){.memory = malloc(PACKED_ROOM), .zstd = pack_zstd_decode};
    if (file->table == NULL || file->unpacker.memory == NULL)
        return no_memory(error);
    enum status status = packed_open(&file->source, head, file->table, &file->unpacker, &file->packed, error);
    if (status == STATUS_OK)
        file->source = packed_source(&file->packed);
    return status;
}

enum status volume_file_open(struct fat *fat, const struct config *config, struct config_text path,
                             struct volume_file *file, struct error *error)
{
    bool is_packed = false;
    struct packed_head head;
    *file = (struct volume_file){0};
    enum status status = boot_config_open(fat, path, &file->file, error);
    if (status != STATUS_OK)
        return status;
    file->source = (struct file_source){read_volume, &file->file, file->file.size, "the file"};
    if (config->compressed)
        status = packed_detect(&file->source, &is_packed, &head, error);
    return status == STATUS_OK && is_packed ? open_packed(file, &head, error) : status;
}

void volume_file_close(struct volume_file *file)
{
    free(file->table);
    free(file->unpacker.memory);
    file->table = NULL;
    file->unpacker.memory = NULL;
}

enum status volume_file_check(struct volume_file *file, struct error *error)
{
    enum status status = STATUS_OK;
    if (file->table == NULL)
        return status;
    uint8_t *bytes = malloc(PACKED_BLOCK_MAX);
    if (bytes == NULL)
        return no_memory(error);
    for (uint64_t at = 0; at < file->source.size && status == STATUS_OK; at += PACKED_BLOCK_MAX) {
        uint64_t left = file->source.size - at, size = left < PACKED_BLOCK_MAX ? left : PACKED_BLOCK_MAX;
        status = file->source.read(file->source.context, at, size, bytes, error);
        progress_add(size);
    }
    free(bytes);
    return status;
}
