#include "compress.h"

#include <stdlib.h>
#include <zlib.h>

#define LEVEL 6
#define WINDOW_GZIP (15 + 16) /* 32 KiB, gzip's header, whose time and name zlib leaves empty */
#define MEMORY 8
#define OUT_SIZE (256u << 10)

struct stream {
    z_stream zlib;
    uint8_t *out;
    int to;
    const char *name;
    uint64_t size; /* written so far */
};

/* Compresses what zlib has been given. */
static enum exit_code pump(struct stream *stream, int flush)
{
    int result;
    do {
        stream->zlib.next_out = stream->out;
        stream->zlib.avail_out = OUT_SIZE;
        result = deflate(&stream->zlib, flush);
        if (result == Z_STREAM_ERROR)
            return failure(EXIT_FAILED, "%s: zlib failed", stream->name);
        uint64_t size = OUT_SIZE - stream->zlib.avail_out;
        enum exit_code code = host_write(stream->to, stream->size, stream->out, size, stream->name);
        if (code != EXIT_OK)
            return code;
        stream->size += size;
    } while (stream->zlib.avail_out == 0 || (flush == Z_FINISH && result != Z_STREAM_END));
    return EXIT_OK;
}

static enum exit_code carry(struct piece_reader *reader, struct stream *stream)
{
    size_t size;
    do {
        enum exit_code code = piece_reader_next(reader, &size);
        if (code != EXIT_OK)
            return code;
        stream->zlib.next_in = reader->bytes;
        stream->zlib.avail_in = (uInt)size;
        code = pump(stream, size ? Z_NO_FLUSH : Z_FINISH);
        if (code != EXIT_OK)
            return code;
    } while (size);
    return EXIT_OK;
}

enum exit_code compress_gz(const struct host_file *from, int to, const char *name, uint64_t *size)
{
    struct stream stream = {.out = malloc(OUT_SIZE), .to = to, .name = name};
    struct piece_reader reader;
    enum exit_code code = piece_reader_open(&reader, from);
    if (code == EXIT_OK &&
        (!stream.out || deflateInit2(&stream.zlib, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK))
        code = failure_memory();
    if (code == EXIT_OK) {
        code = carry(&reader, &stream);
        deflateEnd(&stream.zlib);
    }
    piece_reader_close(&reader);
    free(stream.out);
    *size = stream.size;
    return code;
}
