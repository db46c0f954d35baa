/* Build tool: pack_stages STAGES OVERLAY OUTPUT STAGES_LIMIT LIMIT makes stages.bin of stages 2 to 4 and of the overlay
 * as they lie in memory: everything behind the first page of the stages is packed as one LZ4 block, which stage 2
 * unpacks, and the overlay as another. Prints all sizes. */
#include "image_format.h"

#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAT_SIZE_MAX (1u << 20)
#define PACKED_SIZE_MAX (FLAT_SIZE_MAX + BIOS_STAGES_PLAIN) /* the limits are far below */

static uint8_t stages[FLAT_SIZE_MAX], overlay[FLAT_SIZE_MAX];
static uint8_t output[2 * PACKED_SIZE_MAX]; /* zero behind each block, up to whole sectors */

static int complain(const char *path, const char *problem)
{
    fprintf(stderr, "pack_stages: %s: %s\n", path, problem);
    return 1;
}

/* Returns the size of the file, 0 if it can't be read, or is empty, or too large. */
static uint32_t load(const char *path, uint8_t *to)
{
    FILE *input = fopen(path, "rb");
    if (input == NULL)
        return 0;
    size_t size = fread(to, 1, FLAT_SIZE_MAX, input);
    int failed = ferror(input) || size == FLAT_SIZE_MAX;
    fclose(input);
    return failed ? 0 : (uint32_t)size;
}

/* Returns the size of the block, 0 on failure. */
static uint32_t pack(const uint8_t *from, uint32_t size, uint8_t *to)
{
    int packed = LZ4_compress_HC((const char *)from, (char *)to, (int)size, (int)PACKED_SIZE_MAX, LZ4HC_CLEVEL_MAX);
    return packed > 0 ? (uint32_t)packed : 0;
}

static int save(const char *path, uint32_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return complain(path, "can't be created");
    int failed = fwrite(output, 1, size, file) != size;
    failed |= fclose(file) != 0;
    if (failed)
        remove(path);
    return failed ? complain(path, "can't be written") : 0;
}

int main(int count, char **arguments)
{
    struct bios_stages_header header;
    if (count != 6)
        return complain("usage", "pack_stages STAGES OVERLAY OUTPUT STAGES_LIMIT LIMIT");
    uint32_t stages_size = load(arguments[1], stages), overlay_size = load(arguments[2], overlay);
    if (stages_size <= BIOS_STAGES_PLAIN || overlay_size == 0)
        return complain(arguments[stages_size <= BIOS_STAGES_PLAIN ? 1 : 2],
                        "can't be read, or has no size that it can have");

    memcpy(output, stages, BIOS_STAGES_PLAIN);
    memcpy(&header, output, sizeof header);
    header.packed_size = pack(stages + BIOS_STAGES_PLAIN, stages_size - BIOS_STAGES_PLAIN, output + BIOS_STAGES_PLAIN);
    header.size = bios_whole_sectors(BIOS_STAGES_PLAIN + header.packed_size);
    header.overlay_size = overlay_size;
    header.overlay_packed_size = pack(overlay, overlay_size, output + header.size);
    if (header.packed_size == 0 || header.overlay_packed_size == 0)
        return complain(arguments[3], "LZ4 can't pack them");
    uint32_t overlay_room = bios_overlay_room(&header), size = header.size + overlay_room;
    header.overlay_sum = bios_stages_sum(output + header.size, overlay_room);
    memcpy(output, &header, sizeof header);

    unsigned long stages_limit = strtoul(arguments[4], NULL, 10), limit = strtoul(arguments[5], NULL, 10);
    printf("stages 2 to 4: %u bytes packed, %u in memory; at most %lu packed\n", header.size, stages_size,
           stages_limit);
    printf("overlay of stage 4: %u bytes packed, %u in memory; at most %lu with the stages\n", overlay_room,
           overlay_size, limit);
    if (header.size > stages_limit)
        return complain(arguments[3], "stages 2 to 4 have grown beyond their limit: look into stages.map for what did");
    if (size > limit || header.overlay_packed_size > BIOS_PACKED_MAX)
        return complain(arguments[3], "the overlay has grown beyond its limit: look into stages.map for what did");
    return save(arguments[3], size);
}
