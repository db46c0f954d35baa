/* An LZ4 block behind two bytes that give the size it decodes to. Whatever liblz4 decodes to that size, so does the
 * loader's decoder, to the same bytes. (liblz4 refuses some sound blocks, whose ends no encoder makes: the loader need
 * not.) */
#include "fuzz.h"

#include "lz4_decode.h"

#include <lz4.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t wanted = (size_t)(data[0] | data[1] << 8);
    uint8_t *ours = malloc(wanted + 1), *theirs = malloc(wanted + 1);
    FUZZ_ASSERT(ours != NULL && theirs != NULL);
    bool good = lz4_decode(data + 2, size - 2, ours, wanted);
    int done = LZ4_decompress_safe((const char *)data + 2, (char *)theirs, (int)(size - 2), (int)wanted);
    if (done >= 0 && (size_t)done == wanted) {
        FUZZ_ASSERT(good);
        FUZZ_ASSERT(memcmp(ours, theirs, wanted) == 0);
    }
    free(ours);
    free(theirs);
    return 0;
}
