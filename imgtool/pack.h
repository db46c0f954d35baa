/* Writes compressed files as common/packed.h describes them. */
#ifndef STAGECOACH_IMGTOOL_PACK_H
#define STAGECOACH_IMGTOOL_PACK_H

#include "host_file.h"
#include "packed.h"

struct pack_options {
    enum packed_method method; /* 0: none */
    int level;                 /* the library's */
};

/* "lz4", "zstd", "lz4:12", "zstd:19": method and level. False for anything else. */
bool pack_parse(const char *text, struct pack_options *options);

/* Compresses a whole file, in bounded memory, into a temporary one without a name. *packed keeps the original's path,
 * for messages. The same bytes come out on every machine that has the same version of the library. Advances the job
 * that progress.h shows by the file's size. */
enum exit_code pack_file(const struct host_file *file, const struct pack_options *options, struct host_file *packed);

/* Decodes a Zstandard frame with the host's libzstd: for readers of packed files on the host. */
packed_zstd pack_zstd_decode;

/* A file without a name from the start: nothing is left behind, however we end. */
enum exit_code pack_open_temporary(int *fd);

#endif
