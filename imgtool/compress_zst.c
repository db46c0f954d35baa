#include "compress.h"

#include <stdlib.h>
#include <zstd.h>

#define LEVEL 9

struct stream {
    ZSTD_CCtx *zstd;
    uint8_t *out;
    size_t out_size;
    int to;
    const char *name;
    uint64_t size; /* written so far */
};

static enum exit_code pump(struct stream *stream, ZSTD_inBuffer *in, ZSTD_EndDirective end)
{
    size_t left;
    do {
        ZSTD_outBuffer out = {stream->out, stream->out_size, 0};
        left = ZSTD_compressStream2(stream->zstd, &out, in, end);
        if (ZSTD_isError(left))
            return failure(EXIT_FAILED, "%s: %s", stream->name, ZSTD_getErrorName(left));
        enum exit_code code = host_write(stream->to, stream->size, stream->out, out.pos, stream->name);
        if (code != EXIT_OK)
            return code;
        stream->size += out.pos;
    } while (in->pos < in->size || (end == ZSTD_e_end && left > 0));
    return EXIT_OK;
}

static enum exit_code carry(struct piece_reader *reader, struct stream *stream)
{
    size_t size;
    do {
        enum exit_code code = piece_reader_next(reader, &size);
        if (code != EXIT_OK)
            return code;
        ZSTD_inBuffer in = {reader->bytes, size, 0};
        code = pump(stream, &in, size ? ZSTD_e_continue : ZSTD_e_end);
        if (code != EXIT_OK)
            return code;
    } while (size);
    return EXIT_OK;
}

enum exit_code compress_zst(const struct host_file *from, int to, const char *name, uint64_t *size)
{
    struct stream stream = {.zstd = ZSTD_createCCtx(), .out_size = ZSTD_CStreamOutSize(), .to = to, .name = name};
    struct piece_reader reader;
    enum exit_code code = piece_reader_open(&reader, from);
    stream.out = malloc(stream.out_size);
    if (code == EXIT_OK && (!stream.zstd || !stream.out))
        code = failure_memory();
    if (code == EXIT_OK) {
        ZSTD_CCtx_setParameter(stream.zstd, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(stream.zstd, ZSTD_c_checksumFlag, 1);
        ZSTD_CCtx_setPledgedSrcSize(stream.zstd, from->size);
        code = carry(&reader, &stream);
    }
    piece_reader_close(&reader);
    ZSTD_freeCCtx(stream.zstd);
    free(stream.out);
    *size = stream.size;
    return code;
}
