/* Partition tables on a sparse disk. What comes back must lie on the disk and not overlap, after a bounded number of
 * reads. CRCs are made right on the way, so that the fuzzer gets behind them. */
#include "fuzz.h"
#include "sparse_disk.h"

#include "crc32.h"
#include "gpt.h"

#include <stagecoach/boot.h>

#define READS_MAX 3000u /* three tables of 4096 entries, 2 KiB at a time */

static enum status (*plain_read)(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error);

static uint32_t entries_crc(const struct sparse_disk *disk, const struct gpt_header *header)
{
    uint64_t size = (uint64_t)header->entry_count * header->entry_size, offset;
    uint8_t chunk[4096];
    uint32_t crc = 0;
    if (size > 4096 * 512 || header->entries_lba > SPARSE_DISK_SIZE)
        return 0;
    offset = header->entries_lba * disk->block.sector_size;
    for (uint64_t done = 0; done < size; done += sizeof chunk) {
        uint64_t part = size - done < sizeof chunk ? size - done : sizeof chunk;
        sparse_disk_read(disk, offset + done, part, chunk);
        crc = crc32_add(crc, chunk, part);
    }
    return crc;
}

static enum status read_sealed(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct gpt_header header;
    enum status status = plain_read(block, offset, size, to, error);
    if (size != 512)
        return status;
    memcpy(&header, to, GPT_HEADER_SIZE);
    if (header.signature != GPT_SIGNATURE || header.header_size > 512)
        return status;
    header.entries_crc32 = entries_crc(block->context, &header);
    header.header_crc32 = 0;
    memcpy(to, &header, GPT_HEADER_SIZE);
    header.header_crc32 = crc32_add(0, to, header.header_size);
    memcpy(to, &header, GPT_HEADER_SIZE);
    return status;
}

static void check_table(const struct partition_table *table, uint64_t sectors)
{
    FUZZ_ASSERT(table->count <= PARTITION_LIMIT);
    FUZZ_ASSERT(table->kind != BOOT_DISK_UNKNOWN || table->count == 0);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *one = &table->partitions[i];
        FUZZ_ASSERT(one->first_lba > 0 && one->first_lba <= one->last_lba && one->last_lba < sectors);
        for (uint32_t j = 0; j < i; j++) {
            const struct partition *other = &table->partitions[j];
            FUZZ_ASSERT(one->last_lba < other->first_lba || other->last_lba < one->first_lba);
            FUZZ_ASSERT(one->number != other->number);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct partition_table table;
    struct sparse_disk disk;
    struct error error;
    sparse_disk_init(&disk, data, size);
    plain_read = disk.block.read;
    if (size > 0 && (data[0] & 0x80) == 0)
        disk.block.read = read_sealed;
    enum status status = partition_read(&disk.block, &table, &error);
    FUZZ_ASSERT(disk.reads <= READS_MAX);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        FUZZ_ASSERT(table.count == 0);
        return 0;
    }
    check_table(&table, SPARSE_DISK_SIZE / disk.block.sector_size);
    return 0;
}
