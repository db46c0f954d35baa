/* XXH32 with seed 0: the checksum of LZ4 frames (doc/xxhash_spec.md of the xxHash project). From Debian's libxxhash, in
 * its form of inline functions, of which only this one is taken. */
#ifndef STAGECOACH_XXHASH32_H
#define STAGECOACH_XXHASH32_H

#include <stddef.h>
#include <stdint.h>

__attribute__((nonnull)) uint32_t xxhash32(const void *bytes, size_t size);

#endif
