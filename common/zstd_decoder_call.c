/* The part of zstd_decoder.h that runs what was read: loaders only. */
#include "zstd_decoder.h"

/* common/decoder/entry.asm */
typedef int decoder(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size);

bool zstd_decoder_call(uintptr_t entry, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    return ((decoder *)entry)(from, from_size, to, to_size) != 0;
}
