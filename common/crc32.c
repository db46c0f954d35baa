#include "crc32.h"

#define POLYNOMIAL 0xedb88320u
#define SLICES 4u /* bytes a step */

/* Most of a partition table is zero. From so many bytes on it is cheaper to count them. */
#define ZEROS_WORTH 1024u

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

/* Remainders are polynomials with the power of 0 in the highest bit. Their product. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (; a != 0; a <<= 1) {
        product ^= b & (0u - (a >> 31));
        b = b >> 1 ^ (POLYNOMIAL & (0u - (b & 1)));
    }
    return product;
}

/* What `crc`, not inverted, becomes by `count` zero bytes: its product with x^8 to the power of `count`. */
static uint32_t pass_zeros(uint32_t crc, uint64_t count)
{
    for (uint32_t power = 0x00800000; count != 0; count >>= 1) {
        if ((count & 1) != 0)
            crc = multiply(power, crc);
        power = multiply(power, power);
    }
    return crc;
}

static uint64_t count_zeros(const uint8_t *bytes, uint64_t size)
{
    uint64_t count = 0, words[4];
    for (; count + sizeof words <= size; count += sizeof words) {
        __builtin_memcpy(words, bytes + count, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) != 0)
            break;
    }
    while (count < size && bytes[count] == 0)
        count++;
    return count;
}

uint32_t crc32_add(uint32_t crc, const void *bytes, uint64_t size)
{
    const uint8_t *byte = bytes, *end = byte + size, *counted = byte;
    if (tables[0][1] == 0)
        make_tables();
    crc = ~crc;
    for (; end - byte >= (int64_t)SLICES; byte += SLICES) {
        uint32_t word;
        __builtin_memcpy(&word, byte, sizeof word);
        if (word == 0 && byte >= counted) {
            uint64_t zeros = count_zeros(byte, (uint64_t)(end - byte));
            counted = byte + zeros;
            if (zeros >= ZEROS_WORTH) {
                crc = pass_zeros(crc, zeros);
                byte += zeros - SLICES;
                continue;
            }
        }
        word ^= crc;
        crc = tables[3][word & 255] ^ tables[2][word >> 8 & 255] ^ tables[1][word >> 16 & 255] ^ tables[0][word >> 24];
    }
    for (; byte < end; byte++)
        crc = crc >> 8 ^ tables[0][(crc ^ *byte) & 255];
    return ~crc;
}
