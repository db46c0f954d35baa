#include "boot_file.h"

#include "format.h"
#include "medium.h"
#include "scratch.h"
#include "zstd_decoder.h"

static enum status prepare_unpacker(struct boot_files *files, struct error *error)
{
    if (files->unpacker.memory != NULL)
        return STATUS_OK;
    void *memory;
    enum status status = scratch_take(files->frames, PACKED_ROOM, "room to decompress", &memory, error);
    if (status == STATUS_OK)
        files->unpacker.memory = memory;
    return status;
}

/* What is needed of a compressed file for as long as it is read. Few files are: it takes no room where there are none.
 */
struct packed_state {
    struct packed packed;
    char name[FIRMWARE_PATH_MAX + 1];
    uint8_t table[];
};

static enum status open_packed(struct boot_files *files, const struct packed_head *head, struct boot_file *file,
                               struct error *error)
{
    void *memory;
    uint64_t size = sizeof(struct packed_state) + packed_table_size(head);
    enum status status = prepare_unpacker(files, error);
    if (status == STATUS_OK)
        status = scratch_take(files->frames, size, "table of blocks", &memory, error);
    if (status == STATUS_OK && head->method == PACKED_ZSTD && files->unpacker.zstd == NULL)
        status = zstd_decoder_load(files->frames, &files->unpacker, error);
    if (status != STATUS_OK)
        return status;
    struct packed_state *state = memory;
    format(state->name, sizeof state->name, "%s", file->source.name);
    file->source.name = state->name;
    status = packed_open(&file->source, head, state->table, &files->unpacker, &state->packed, error);
    if (status == STATUS_OK)
        file->source = packed_source(&state->packed);
    return status;
}

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
        status = open_packed(files, &head, file, error);
    else
        file->source.name = ""; /* `name` goes now */
    file->size = file->source.size;
    return status;
}

enum status boot_file_read(struct boot_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    return file->source.read(file->source.context, offset, size, to, error);
}
