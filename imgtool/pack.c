#include "pack.h"

#include "checked.h"
#include "progress.h"
#include "xxhash32.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4hc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define LZ4_LEVEL 9
#define ZSTD_LEVEL 15
#define LZ4_BLOCK_SIZE (256u * 1024)
#define ZSTD_BLOCK_SIZE (1024u * 1024)
#define LZ4_FRAME_MAGIC 0x184d2204u
#define LZ4_FRAME_HEAD 15u
#define LZ4_BLOCK_FRAME 8u
#define LZ4_BLOCK_PLAIN (1u << 31)
#define TABLE_OFFSET PACKED_HEAD_SIZE

struct packer {
    const struct host_file *from;
    const struct pack_options *options;
    ZSTD_CCtx *zstd;
    int fd;
    uint64_t end; /* of what is written */
    struct packed_head head;
    uint32_t *table;
    uint8_t *block, *out;
};

bool pack_parse(const char *text, struct pack_options *options)
{
    const char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
    bool lz4 = length == 3 && strncmp(text, "lz4", 3) == 0;
    if (!lz4 && !(length == 4 && strncmp(text, "zstd", 4) == 0))
        return false;
    *options = (struct pack_options){lz4 ? PACKED_LZ4 : PACKED_ZSTD, lz4 ? LZ4_LEVEL : ZSTD_LEVEL};
    if (colon == NULL)
        return true;
    char *end;
    errno = 0;
    long level = strtol(colon + 1, &end, 10);
    long most = lz4 ? LZ4HC_CLEVEL_MAX : ZSTD_maxCLevel();
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || errno != 0 || level < 1 || level > most)
        return false;
    options->level = (int)level;
    return true;
}

static void put_32(uint8_t *to, uint32_t number)
{
    memcpy(to, &number, sizeof number); /* little endian, as this program's machine */
}

static enum exit_code append(struct packer *packer, const void *bytes, uint64_t size)
{
    enum exit_code code = host_write(packer->fd, packer->end, bytes, size, "a temporary file");
    packer->end += size;
    return code;
}

/* lz4_Frame_format.md 1.6.2: version 1, blocks independent and with checksums, size of the content given. */
static enum exit_code write_lz4_head(struct packer *packer)
{
    uint8_t head[LZ4_FRAME_HEAD];
    put_32(head, LZ4_FRAME_MAGIC);
    head[4] = 1u << 6 | 1u << 5 | 1u << 4 | 1u << 3;
    head[5] = 5u << 4; /* blocks of up to 256 KiB */
    memcpy(head + 6, &packer->head.size, sizeof packer->head.size);
    head[14] = (uint8_t)(xxhash32(head + 4, 10) >> 8);
    return append(packer, head, sizeof head);
}

static enum exit_code pack_lz4(struct packer *packer, uint32_t size, uint32_t *stored)
{
    int level = packer->options->level;
    uint8_t *bytes = packer->out + 4;
    const char *from = (const char *)packer->block;
    int done = level < LZ4HC_CLEVEL_MIN ? LZ4_compress_default(from, (char *)bytes, (int)size, (int)size - 1)
                                        : LZ4_compress_HC(from, (char *)bytes, (int)size, (int)size - 1, level);
    uint32_t length = done > 0 ? (uint32_t)done : size;
    if (done <= 0)
        memcpy(bytes, packer->block, size);
    put_32(packer->out, done > 0 ? length : length | LZ4_BLOCK_PLAIN);
    put_32(bytes + length, xxhash32(bytes, length));
    *stored = length + LZ4_BLOCK_FRAME;
    return EXIT_OK;
}

static enum exit_code pack_zstd(struct packer *packer, uint32_t size, uint32_t *stored)
{
    size_t done =
        ZSTD_compress2(packer->zstd, packer->out, PACKED_BLOCK_MAX + PACKED_BLOCK_GROWTH, packer->block, size);
    if (ZSTD_isError(done))
        return failure(EXIT_FAILED, "%s: zstd can't compress it: %s", packer->from->path, ZSTD_getErrorName(done));
    *stored = (uint32_t)done;
    return EXIT_OK;
}

static enum exit_code pack_blocks(struct packer *packer)
{
    enum exit_code code = EXIT_OK;
    for (uint32_t i = 0; i < packer->head.count && code == EXIT_OK; i++) {
        uint64_t offset = (uint64_t)i * packer->head.block_size, left = packer->head.size - offset;
        uint32_t size = left < packer->head.block_size ? (uint32_t)left : packer->head.block_size;
        code = host_file_read(packer->from, offset, size, packer->block);
        if (code == EXIT_OK)
            code = packer->head.method == PACKED_LZ4 ? pack_lz4(packer, size, &packer->table[i])
                                                     : pack_zstd(packer, size, &packer->table[i]);
        if (code == EXIT_OK)
            code = append(packer, packer->out, packer->table[i]);
        progress_add(size);
    }
    return code;
}

static enum exit_code write_index(const struct packer *packer)
{
    uint8_t bytes[PACKED_HEAD_SIZE];
    const struct packed_head *head = &packer->head;
    uint64_t table_size = packed_table_size(head);
    put_32(bytes, PACKED_MAGIC);
    put_32(bytes + 4, (uint32_t)(PACKED_HEAD_SIZE + table_size - 8));
    memcpy(bytes + 8, PACKED_NAME, 8);
    put_32(bytes + 16, head->method);
    put_32(bytes + 20, head->block_size);
    memcpy(bytes + 24, &head->size, sizeof head->size);
    put_32(bytes + 32, head->count);
    put_32(bytes + 36, head->lead);
    put_32(bytes + 40, xxhash32(bytes + 8, 32));
    put_32(bytes + 44, xxhash32(packer->table, table_size));
    enum exit_code code = host_write(packer->fd, 0, bytes, sizeof bytes, "a temporary file");
    return code == EXIT_OK ? host_write(packer->fd, TABLE_OFFSET, packer->table, table_size, "a temporary file") : code;
}

enum exit_code pack_open_temporary(int *fd)
{
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory == '\0')
        directory = "/tmp";
    *fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0)
        return failure(EXIT_IO, "%s: no temporary file can be made there: %s; set TMPDIR to a directory with room",
                       directory, strerror(errno));
    return EXIT_OK;
}

static enum exit_code take_memory(struct packer *packer)
{
    packer->table = calloc(packer->head.count, sizeof *packer->table);
    packer->block = malloc(packer->head.block_size);
    packer->out = malloc(PACKED_BLOCK_MAX + PACKED_BLOCK_GROWTH);
    if (packer->table == NULL || packer->block == NULL || packer->out == NULL)
        return failure_memory();
    if (packer->head.method != PACKED_ZSTD)
        return EXIT_OK;
    packer->zstd = ZSTD_createCCtx();
    if (packer->zstd == NULL)
        return failure_memory();
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, packer->options->level);
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1);
    return EXIT_OK;
}

static enum exit_code write_all(struct packer *packer)
{
    static const uint8_t end_mark[4];
    packer->end = PACKED_HEAD_SIZE + packed_table_size(&packer->head);
    bool lz4 = packer->head.method == PACKED_LZ4;
    enum exit_code code = lz4 ? write_lz4_head(packer) : EXIT_OK;
    if (code == EXIT_OK)
        code = pack_blocks(packer);
    if (code == EXIT_OK && lz4)
        code = append(packer, end_mark, sizeof end_mark);
    return code == EXIT_OK ? write_index(packer) : code;
}

enum exit_code pack_file(const struct host_file *file, const struct pack_options *options, struct host_file *packed)
{
    struct packer packer = {.from = file, .options = options, .fd = -1};
    bool lz4 = options->method == PACKED_LZ4;
    uint32_t block_size = lz4 ? LZ4_BLOCK_SIZE : ZSTD_BLOCK_SIZE;
    packer.head = (struct packed_head){.method = options->method, .block_size = block_size, .size = file->size};
    packer.head.count = (uint32_t)(file->size / block_size + (file->size % block_size != 0));
    packer.head.lead = lz4 ? LZ4_FRAME_HEAD : 0;
    enum exit_code code = take_memory(&packer);
    if (code == EXIT_OK)
        code = pack_open_temporary(&packer.fd);
    if (code == EXIT_OK)
        code = write_all(&packer);
    if (code == EXIT_OK)
        code = host_file_adopt(packed, file->path, packer.fd);
    else if (packer.fd >= 0)
        close(packer.fd);
    ZSTD_freeCCtx(packer.zstd);
    free(packer.table);
    free(packer.block);
    free(packer.out);
    return code;
}

bool pack_zstd_decode(void *context, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    (void)context;
    /* Exactly one frame: libzstd would go on with a second one. */
    if (ZSTD_findFrameCompressedSize(from, from_size) != from_size)
        return false;
    size_t done = ZSTD_decompress(to, to_size, from, from_size);
    return !ZSTD_isError(done) && done == to_size;
}
