#include "bmap.h"

#include "boot_volume.h"
#include "digest.h"
#include "fat_table.h"
#include "host_block.h"
#include "progress.h"

#include <nettle/sha2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE (1u << 20)
#define NO_CHECKSUM "0000000000000000000000000000000000000000000000000000000000000000"

struct map {
    const struct host_file *image;
    uint64_t count;  /* of blocks */
    uint8_t *unused; /* a bit for each block */
    uint8_t *piece;
};

static bool is_unused(const struct map *map, uint64_t block)
{
    return map->unused[block / 8] >> block % 8 & 1;
}

static void set_unused(struct map *map, uint64_t block, bool unused)
{
    uint8_t bit = (uint8_t)(1u << block % 8);
    map->unused[block / 8] = (uint8_t)(unused ? map->unused[block / 8] | bit : map->unused[block / 8] & ~bit);
}

/* --- which blocks ------------------------------------------------------------------------------------------------ */

/* Blocks that lie in [start, end) with all their bytes. */
static void mark_unused(struct map *map, uint64_t start, uint64_t end)
{
    for (uint64_t block = (start + BMAP_BLOCK_SIZE - 1) / BMAP_BLOCK_SIZE; (block + 1) * BMAP_BLOCK_SIZE <= end;
         block++)
        if (block < map->count)
            set_unused(map, block, true);
}

static enum status mark_free_clusters(struct map *map, const struct fat *fat, struct fat_table *table,
                                      struct error *error)
{
    uint64_t start = 0, end = 0; /* of free clusters in a row */
    for (uint32_t i = 0; i < fat->cluster_count; i++) {
        uint32_t value;
        enum status status = fat_table_value(table, i + 2, &value, error);
        if (status != STATUS_OK)
            return status;
        uint64_t at = fat->start + fat->data_offset + (uint64_t)i * fat->cluster_size;
        if (value != 0)
            continue;
        if (at != end) {
            mark_unused(map, start, end);
            start = at;
        }
        end = at + fat->cluster_size;
    }
    mark_unused(map, start, end);
    return STATUS_OK;
}

/* An image without a boot volume that we know has no block of which we know that it is free. */
static void find_free(struct map *map)
{
    struct block disk;
    struct error error;
    const struct partition *partition;
    struct partition_table *partitions = malloc(sizeof *partitions);
    struct fat *fat = malloc(sizeof *fat);
    struct fat_table *table = malloc(sizeof *table);
    if (partitions && fat && table) {
        host_block_init(&disk, map->image->fd, map->image->size, 512);
        if (partition_read(&disk, partitions, &error) == STATUS_OK &&
            boot_volume_mount(&disk, partitions, fat, &partition, &error) == STATUS_OK) {
            fat_table_init(table, fat);
            if (mark_free_clusters(map, fat, table, &error) != STATUS_OK)
                memset(map->unused, 0, (map->count + 7) / 8);
        }
    }
    free(partitions);
    free(fat);
    free(table);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Free clusters that are not empty are kept: whoever made the image may want them. */
static enum exit_code keep_content(struct map *map)
{
    uint64_t start = 0, end;
    while (start < map->image->size && host_file_next_data(map->image, &start, &end)) {
        for (uint64_t block = start / BMAP_BLOCK_SIZE; block * BMAP_BLOCK_SIZE < end; block++) {
            if (!is_unused(map, block))
                continue;
            enum exit_code code = host_file_read(map->image, block * BMAP_BLOCK_SIZE, BMAP_BLOCK_SIZE, map->piece);
            if (code != EXIT_OK)
                return code;
            if (!is_zero(map->piece, BMAP_BLOCK_SIZE))
                set_unused(map, block, false);
        }
        start = end;
    }
    return EXIT_OK;
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

static enum exit_code digest_range(const struct map *map, uint64_t first, uint64_t end_block,
                                   char text[DIGEST_TEXT_SIZE])
{
    struct sha256_ctx context;
    uint64_t at = first * BMAP_BLOCK_SIZE, end = end_block * BMAP_BLOCK_SIZE;
    if (end > map->image->size)
        end = map->image->size;
    sha256_init(&context);
    while (at < end) {
        size_t size = end - at < PIECE_SIZE ? (size_t)(end - at) : PIECE_SIZE;
        enum exit_code code = host_file_read(map->image, at, size, map->piece);
        if (code != EXIT_OK)
            return code;
        sha256_update(&context, size, map->piece);
        at += size;
        progress_add(size);
    }
    digest_end(&context, text);
    return EXIT_OK;
}

static enum exit_code put_ranges(FILE *to, const struct map *map)
{
    for (uint64_t first = 0, end; first < map->count; first = end) {
        char digest[DIGEST_TEXT_SIZE];
        for (end = first; end < map->count && !is_unused(map, end);)
            end++;
        if (end == first) {
            end++;
            continue;
        }
        enum exit_code code = digest_range(map, first, end, digest);
        if (code != EXIT_OK)
            return code;
        fprintf(to, "        <Range chksum=\"%s\"> %lu", digest, first);
        if (end - first > 1)
            fprintf(to, "-%lu", end - 1);
        fputs(" </Range>\n", to);
    }
    return EXIT_OK;
}

static enum exit_code put_file(FILE *to, const struct map *map, const struct bmap *bmap)
{
    fprintf(to,
            "<?xml version=\"1.0\" ?>\n"
            "<bmap version=\"2.0\">\n"
            "    <ImageSize> %lu </ImageSize>\n"
            "    <BlockSize> %u </BlockSize>\n"
            "    <BlocksCount> %lu </BlocksCount>\n"
            "    <MappedBlocksCount> %lu </MappedBlocksCount>\n"
            "    <ChecksumType> sha256 </ChecksumType>\n"
            "    <BmapFileChecksum> " NO_CHECKSUM " </BmapFileChecksum>\n"
            "    <BlockMap>\n",
            bmap->image_size, BMAP_BLOCK_SIZE, bmap->block_count, bmap->mapped_count);
    enum exit_code code = put_ranges(to, map);
    fputs("    </BlockMap>\n</bmap>\n", to);
    return code;
}

/* The file's own checksum is taken while there are zeroes in its place. */
static void seal(struct bmap *bmap)
{
    struct sha256_ctx context;
    char digest[DIGEST_TEXT_SIZE];
    char *place = strstr(bmap->text, NO_CHECKSUM);
    sha256_init(&context);
    sha256_update(&context, bmap->text_size, (const uint8_t *)bmap->text);
    digest_end(&context, digest);
    if (place)
        memcpy(place, digest, strlen(digest));
}

static enum exit_code write_text(const struct map *map, struct bmap *bmap)
{
    FILE *to = open_memstream(&bmap->text, &bmap->text_size);
    if (!to)
        return failure_memory();
    progress_begin("reading", bmap->mapped_count * BMAP_BLOCK_SIZE);
    enum exit_code code = put_file(to, map, bmap);
    progress_end();
    if (fclose(to) != 0)
        return failure_memory();
    seal(bmap);
    return code;
}

enum exit_code bmap_make(const struct host_file *image, struct bmap *bmap)
{
    struct map map = {.image = image, .count = (image->size + BMAP_BLOCK_SIZE - 1) / BMAP_BLOCK_SIZE};
    *bmap = (struct bmap){.image_size = image->size, .block_count = map.count};
    map.unused = calloc(map.count / 8 + 1, 1);
    map.piece = malloc(PIECE_SIZE);
    enum exit_code code = map.unused && map.piece ? EXIT_OK : failure_memory();
    if (code == EXIT_OK) {
        find_free(&map);
        code = keep_content(&map);
    }
    for (uint64_t block = 0; block < map.count && code == EXIT_OK; block++)
        bmap->mapped_count += !is_unused(&map, block);
    if (code == EXIT_OK)
        code = write_text(&map, bmap);
    free(map.unused);
    free(map.piece);
    return code;
}

void bmap_free(struct bmap *bmap)
{
    free(bmap->text);
    *bmap = (struct bmap){0};
}
