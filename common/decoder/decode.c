/* The C part of /stagecoach/zstd.elf: libzstd's decoder with a workspace of its own. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <stdint.h>

#define WORKSPACE_SIZE                                                                                                 \
    (160u * 1024) /* libzstd 1.5.4 asks for 94 KiB; another version that asks for more is told by a test */

int decoder_decode(const void *from, size_t from_size, void *to, size_t to_size);

int decoder_decode(const void *from, size_t from_size, void *to, size_t to_size)
{
    static _Alignas(64) uint8_t workspace[WORKSPACE_SIZE];
    ZSTD_DCtx *context = ZSTD_initStaticDCtx(workspace, sizeof workspace);
    /* Exactly one frame: libzstd would go on with a second one. */
    if (context == NULL || ZSTD_findFrameCompressedSize(from, from_size) != from_size)
        return 0;
    return ZSTD_decompressDCtx(context, to, to_size, from, from_size) == to_size;
}
