#include "boot_file.h"
#include "format.h"
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

enum status boot_file_unpack(struct boot_files *files, const struct packed_head *head, struct boot_file *file,
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
