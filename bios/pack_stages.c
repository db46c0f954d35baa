/* Build tool: pack_stages FLAT OUTPUT LIMIT makes stages.bin of stages 2 to 4 as they lie in memory: everything behind the
 * first page is packed as one LZ4 block, which stage 2 unpacks. Prints both sizes. */
#include "image_format.h"

#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAT_SIZE_MAX (1u << 20)

static int complain(const char *path, const char *problem)
{
    fprintf(stderr, "pack_stages: %s: %s\n", path, problem);
    return 1;
}

static uint32_t align_up(uint32_t size)
{
    return (size + BIOS_SECTOR_SIZE - 1) / BIOS_SECTOR_SIZE * BIOS_SECTOR_SIZE;
}

/* Returns the size of the whole, or 0. The end of the last sector is zero. */
static uint32_t pack(const uint8_t *flat, uint32_t flat_size, uint8_t *packed)
{
    struct bios_stages_header header;
    int size = LZ4_compress_HC((const char *)flat + BIOS_STAGES_PLAIN, (char *)packed + BIOS_STAGES_PLAIN,
                               (int)(flat_size - BIOS_STAGES_PLAIN), FLAT_SIZE_MAX, LZ4HC_CLEVEL_MAX);
    if (size <= 0)
        return 0;
    memcpy(packed, flat, BIOS_STAGES_PLAIN);
    memcpy(&header, packed, sizeof header);
    header.packed_size = (uint32_t)size;
    header.size = align_up(BIOS_STAGES_PLAIN + header.packed_size);
    memcpy(packed, &header, sizeof header);
    return header.size;
}

int main(int count, char **arguments)
{
    static uint8_t flat[FLAT_SIZE_MAX], packed[BIOS_STAGES_PLAIN + FLAT_SIZE_MAX + BIOS_SECTOR_SIZE];
    if (count != 4)
        return complain("usage", "pack_stages FLAT OUTPUT LIMIT");
    FILE *input = fopen(arguments[1], "rb");
    if (input == NULL)
        return complain(arguments[1], "can't be opened");
    uint32_t flat_size = (uint32_t)fread(flat, 1, sizeof flat, input);
    int failed = ferror(input) || !feof(input);
    fclose(input);
    if (failed || flat_size <= BIOS_STAGES_PLAIN)
        return complain(arguments[1], "can't be read, or has no size that stages have");
    uint32_t size = pack(flat, flat_size, packed);
    unsigned long limit = strtoul(arguments[3], NULL, 10);
    printf("stages 2 to 4: %u bytes packed, %u in memory; at most %lu packed\n", size, flat_size, limit);
    if (size == 0 || size > limit)
        return complain(arguments[2], "stages 2 to 4 have grown beyond their limit: look into stages.map for what did");
    FILE *output = fopen(arguments[2], "wb");
    if (output == NULL)
        return complain(arguments[2], "can't be created");
    failed = fwrite(packed, 1, size, output) != size;
    failed |= fclose(output) != 0;
    if (failed)
        remove(arguments[2]);
    return failed ? complain(arguments[2], "can't be written") : 0;
}
