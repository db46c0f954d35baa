#include "gpt_move.h"

#include "crc32.h"
#include "gpt.h"
#include "mbr.h"
#include "mbr_write.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE_MAX (1u << 20)

struct move {
    struct block *image;
    struct changes *changes;
    uint64_t sector, last;    /* size of one; the disk's last one */
    struct gpt_header header; /* the primary's */
    uint8_t *entries;
    uint64_t entries_size, entries_sectors;
};

static uint32_t header_crc(struct gpt_header *header)
{
    header->header_crc32 = 0;
    return crc32_add(0, header, GPT_HEADER_SIZE);
}

static enum exit_code put_header(const struct move *move, struct gpt_header header)
{
    uint8_t *sector = calloc(1, move->sector);
    if (sector == NULL)
        return failure_memory();
    header.header_size = GPT_HEADER_SIZE;
    header.header_crc32 = header_crc(&header);
    memcpy(sector, &header, GPT_HEADER_SIZE);
    enum exit_code code = changes_add(move->changes, 0, header.my_lba * move->sector, sector, move->sector);
    free(sector);
    return code;
}

static enum exit_code put_zeroes(const struct move *move, uint64_t offset, uint64_t size)
{
    uint8_t *zeroes = calloc(1, size);
    enum exit_code code = zeroes != NULL ? changes_add(move->changes, 0, offset, zeroes, size) : failure_memory();
    free(zeroes);
    return code;
}

static enum exit_code put_protective(const struct move *move)
{
    struct mbr mbr;
    struct error error;
    if (block_read(move->image, 0, sizeof mbr, &mbr, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s", error.text);
    uint32_t sectors = move->last > UINT32_MAX ? UINT32_MAX : (uint32_t)move->last;
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        if (mbr.entries[i].type != MBR_TYPE_PROTECTIVE)
            continue;
        memcpy(mbr.entries[i].sectors, &sectors, sizeof sectors);
        mbr_put_chs(mbr.entries[i].last_chs, sectors);
    }
    return changes_add(move->changes, 0, 0, &mbr, sizeof mbr);
}

static enum exit_code put_all(const struct move *move)
{
    struct gpt_header primary = move->header, backup;
    uint64_t old_last = move->image->size / move->sector - 1;
    primary.alternate_lba = move->last;
    primary.last_usable_lba = move->last - move->entries_sectors - 1;
    backup = primary;
    backup.my_lba = move->last;
    backup.alternate_lba = GPT_PRIMARY_LBA;
    backup.entries_lba = move->last - move->entries_sectors;
    enum exit_code code = put_protective(move);
    if (code == EXIT_OK)
        code = put_header(move, primary);
    if (code == EXIT_OK) /* a second backup in the middle of the disk would only mislead */
        code = put_zeroes(move, (old_last - move->entries_sectors) * move->sector,
                          (move->entries_sectors + 1) * move->sector);
    if (code == EXIT_OK)
        code = changes_add(move->changes, 0, backup.entries_lba * move->sector, move->entries, move->entries_size);
    return code == EXIT_OK ? put_header(move, backup) : code;
}

/* partition_read() has checked the table; these are the sizes that it took. */
static enum exit_code read_table(struct move *move)
{
    struct error error;
    if (block_read(move->image, GPT_PRIMARY_LBA * move->sector, GPT_HEADER_SIZE, &move->header, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s", error.text);
    move->entries_size = (uint64_t)move->header.entry_count * move->header.entry_size;
    if (move->header.signature != GPT_SIGNATURE || move->entries_size == 0 || move->entries_size > ARRAY_SIZE_MAX)
        return failure(EXIT_INPUT_REJECTED, "the image's primary GPT is damaged; 'imgtool verify' says more");
    move->entries_sectors = (move->entries_size + move->sector - 1) / move->sector;
    if (move->image->size / move->sector <= move->header.last_usable_lba + move->entries_sectors + 1 ||
        move->header.alternate_lba != move->image->size / move->sector - 1)
        return failure(EXIT_INPUT_REJECTED,
                       "the image's backup GPT is not in its last sectors; 'sgdisk -e' moves it there");
    move->entries = malloc(move->entries_size);
    if (move->entries == NULL)
        return failure_memory();
    if (block_read(move->image, move->header.entries_lba * move->sector, move->entries_size, move->entries, &error) !=
        STATUS_OK)
        return failure(EXIT_IO, "%s", error.text);
    return EXIT_OK;
}

enum exit_code gpt_move(struct block *image, uint64_t size, struct changes *changes)
{
    struct move move = {.image = image, .changes = changes, .sector = image->sector_size};
    if (size == image->size)
        return EXIT_OK;
    move.last = size / move.sector - 1;
    enum exit_code code = read_table(&move);
    if (code == EXIT_OK)
        code = put_all(&move);
    free(move.entries);
    return code;
}
