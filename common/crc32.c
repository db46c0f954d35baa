#include "crc32.h"

#define POLYNOMIAL 0xedb88320u
#define SLICES 4u /* bytes a step */

/* [n][value]: the CRC of the byte `value` with n zero bytes behind it. Made when first needed: 4 KiB of .bss cost a
 * loader less than 4 KiB to read. */
static uint32_t tables[SLICES][256];

static void make_tables(void)
{
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t crc = value;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (POLYNOMIAL & (0u - (crc & 1)));
        tables[0][value] = crc;
    }
    for (unsigned slice = 1; slice < SLICES; slice++)
        for (uint32_t value = 0; value < 256; value++)
            tables[slice][value] = tables[slice - 1][value] >> 8 ^ tables[0][tables[slice - 1][value] & 255];
}

uint32_t crc32_add(uint32_t crc, const void *bytes, uint64_t size)
{
    const uint8_t *byte = bytes, *end = byte + size;
    if (tables[0][1] == 0)
        make_tables();
    crc = ~crc;
    for (; end - byte >= (int64_t)SLICES; byte += SLICES) {
        uint32_t word;
        __builtin_memcpy(&word, byte, sizeof word);
        word ^= crc;
        crc = tables[3][word & 255] ^ tables[2][word >> 8 & 255] ^ tables[1][word >> 16 & 255] ^ tables[0][word >> 24];
    }
    for (; byte < end; byte++)
        crc = crc >> 8 ^ tables[0][(crc ^ *byte) & 255];
    return ~crc;
}
