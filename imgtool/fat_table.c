#include "fat_table.h"

#include "progress.h"

#include <stdlib.h>
#include <string.h>

void fat_table_init(struct fat_table *table, const struct fat *fat)
{
    table->fat = fat;
    table->start = UINT64_MAX;
}

/* Pieces begin at even offsets and overlap, so that an entry of FAT12 lies wholly in one. */
static enum status fill(struct fat_table *table, uint64_t offset, uint32_t size, struct error *error)
{
    const struct fat *fat = table->fat;
    if (table->start != UINT64_MAX && offset >= table->start && offset + size <= table->start + FAT_TABLE_PIECE)
        return STATUS_OK;
    uint64_t left = fat->fat_size - offset;
    table->start = UINT64_MAX;
    progress_add(left < FAT_TABLE_PIECE ? left : FAT_TABLE_PIECE);
    enum status status = block_read(fat->block, fat->start + fat->fat_offset + offset,
                                    left < FAT_TABLE_PIECE ? left : FAT_TABLE_PIECE, table->piece, error);
    if (status == STATUS_OK)
        table->start = offset;
    return status;
}

enum status fat_table_value(struct fat_table *table, uint32_t cluster, uint32_t *value, struct error *error)
{
    uint32_t bits = table->fat->bits, size = bits == 32 ? 4 : 2, number = 0;
    uint64_t offset = (uint64_t)cluster * bits / 8;
    enum status status = fill(table, offset, size, error);
    if (status != STATUS_OK)
        return status;
    memcpy(&number, table->piece + (offset - table->start), size);
    if (bits == 12)
        number = (cluster & 1) != 0 ? number >> 4 : number & 0xfff;
    *value = number & 0x0fffffff;
    return STATUS_OK;
}

uint32_t fat_table_bad(const struct fat *fat)
{
    return fat->bits == 32 ? 0x0ffffff7 : (1u << fat->bits) - 9;
}

enum status fat_table_count_free(const struct fat *fat, uint32_t *count, struct error *error)
{
    enum status status = STATUS_OK;
    struct fat_table *table = malloc(sizeof *table);
    if (table == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    fat_table_init(table, fat);
    *count = 0;
    progress_begin("reading the FAT", fat->fat_size);
    for (uint32_t i = 0; i < fat->cluster_count && status == STATUS_OK; i++) {
        uint32_t value = 0;
        status = fat_table_value(table, i + 2, &value, error);
        *count += status == STATUS_OK && value == 0;
    }
    progress_end();
    free(table);
    return status;
}
