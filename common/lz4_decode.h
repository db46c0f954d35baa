/* Decoder of the LZ4 block format (lz4_Block_format.md of the LZ4 project, 2022): one block that stands for itself. */
#ifndef STAGECOACH_LZ4_DECODE_H
#define STAGECOACH_LZ4_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes [from, from + from_size) to exactly `to_size` bytes at `to`. False if the block is damaged: it would read or
 * write outside the two ranges, refer to bytes before its own, or have another length. The two ranges must not overlap.
 */
bool lz4_decode(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size);

#endif
