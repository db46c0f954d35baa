/* Files compressed as a stream, the same bytes from run to run. */
#ifndef STAGECOACH_IMGTOOL_COMPRESS_H
#define STAGECOACH_IMGTOOL_COMPRESS_H

#include "host_file.h"

struct compressor {
    const char *name; /* "gz": --compress takes it, and the file's name ends in it */
    enum exit_code (*run)(const struct host_file *from, int to, const char *name, uint64_t *size);
};

/* NULL: there is none of that name. */
const struct compressor *compressor_find(const char *name);

/* For compressors. Reads the file in order, in pieces of at most 1 MiB, holes as zeroes without reading them. */
struct piece_reader {
    const struct host_file *file;
    uint64_t offset, data, hole; /* [data, hole) is the next stretch that is no hole */
    uint8_t *bytes;
};
enum exit_code piece_reader_open(struct piece_reader *reader, const struct host_file *file);
/* *size 0: the end. */
enum exit_code piece_reader_next(struct piece_reader *reader, size_t *size);
void piece_reader_close(struct piece_reader *reader);

enum exit_code compress_gz(const struct host_file *from, int to, const char *name, uint64_t *size);
enum exit_code compress_zst(const struct host_file *from, int to, const char *name, uint64_t *size);

#endif
