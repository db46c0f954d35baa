/* The decoder of Zstandard frames, which lies on the boot volume as a program of its own (common/decoder/): it is bigger than
 * all of the loader, and few images need it. */
#ifndef STAGECOACH_ZSTD_DECODER_H
#define STAGECOACH_ZSTD_DECODER_H

#include "frames.h"
#include "packed.h"

#define ZSTD_DECODER_PATH "/stagecoach/zstd.elf"

/* Reads and relocates the decoder, and has `unpacker` use it. STATUS_NO_DECODER if it is not on the volume, or is something
 * else. */
enum status zstd_decoder_load(struct frames *frames, struct unpacker *unpacker, struct error *error);

/* zstd_decoder_call.c: calls the decoder at `entry`. True if the frame was sound. */
bool zstd_decoder_call(uintptr_t entry, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size);

#endif
