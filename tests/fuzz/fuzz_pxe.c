/* The structures of a PXE ROM, or whatever lies where it says they are. */
#include "fuzz.h"
#include "pxe_structures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {data, size};
    uint32_t entry = 0, newer = 0;
    uint8_t sum = 0;
    if (pxe_parse_new(bytes, &entry)) {
        FUZZ_ASSERT(size >= 0x58 && memcmp(data, "!PXE", 4) == 0 && entry != 0);
        for (size_t i = 0; i < data[4]; i++)
            sum = (uint8_t)(sum + data[i]);
        FUZZ_ASSERT(data[4] <= size && sum == 0);
    } else if (pxe_parse_old(bytes, &entry, &newer)) {
        FUZZ_ASSERT(size >= 0x26 && memcmp(data, "PXENV+", 6) == 0 && entry != 0);
        for (size_t i = 0; i < data[8]; i++)
            sum = (uint8_t)(sum + data[i]);
        FUZZ_ASSERT(data[8] <= size && sum == 0 && (newer == 0 || data[8] >= 44));
    }
    return 0;
}
