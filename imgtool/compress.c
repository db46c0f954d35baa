#include "compress.h"

#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE (1u << 20)

const struct compressor *compressor_find(const char *name)
{
    static const struct compressor compressors[] = {{"gz", compress_gz}, {"zst", compress_zst}};
    for (size_t i = 0; i < sizeof compressors / sizeof *compressors; i++)
        if (strcmp(compressors[i].name, name) == 0)
            return &compressors[i];
    return NULL;
}

enum exit_code piece_reader_open(struct piece_reader *reader, const struct host_file *file)
{
    *reader = (struct piece_reader){.file = file, .bytes = malloc(PIECE_SIZE)};
    return reader->bytes ? EXIT_OK : failure_memory();
}

enum exit_code piece_reader_next(struct piece_reader *reader, size_t *size)
{
    if (reader->offset == reader->hole && reader->offset < reader->file->size) {
        reader->data = reader->offset;
        if (!host_file_next_data(reader->file, &reader->data, &reader->hole))
            reader->data = reader->hole = reader->file->size;
    }
    bool in_hole = reader->offset < reader->data;
    uint64_t left = (in_hole ? reader->data : reader->hole) - reader->offset;
    *size = reader->offset == reader->file->size ? 0 : left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
    if (*size == 0)
        return host_file_unchanged(reader->file);
    uint64_t offset = reader->offset;
    reader->offset += *size;
    progress_add(*size);
    if (!in_hole)
        return host_file_read(reader->file, offset, *size, reader->bytes);
    memset(reader->bytes, 0, *size);
    return EXIT_OK;
}

void piece_reader_close(struct piece_reader *reader)
{
    free(reader->bytes);
    reader->bytes = NULL;
}
