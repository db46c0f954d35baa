#include "mbr.h"

#include "checked.h"
#include "memory.h"

#define FIRST_LOGICAL_NUMBER 5u
#define CHAIN_MAX PARTITION_LIMIT /* extended boot records that are followed */

struct extent {
    uint64_t first, sectors; /* sectors 0: no partition */
};

static uint32_t load32(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static struct extent entry_extent(const struct mbr_entry *entry, uint64_t base)
{
    struct extent extent = {base + load32(entry->first_lba), load32(entry->sectors)};
    if (entry->type == 0)
        extent.sectors = 0;
    return extent;
}

static bool is_extended(const struct mbr_entry *entry)
{
    return entry->type == 0x05 || entry->type == 0x0f || entry->type == 0x85;
}

static enum status check_entry(struct block *disk, const struct mbr_entry *entry, struct extent extent, uint32_t number,
                               struct error *error)
{
    uint64_t sectors = disk->size / disk->sector_size;
    if (entry->status != 0 && entry->status != MBR_ACTIVE)
        return error_set(error, STATUS_MBR_BAD, "MBR: partition %u has status %#x, not 0 or 0x80", number,
                         entry->status);
    if (extent.first == 0 || !range_ok(extent.first, extent.sectors, sectors))
        return error_set(error, STATUS_MBR_BAD, "MBR: partition %u at sector %lu, %lu sectors long, on a disk of %lu",
                         number, extent.first, extent.sectors, sectors);
    return STATUS_OK;
}

static enum status add_partition(const struct mbr_entry *entry, struct extent extent, uint32_t number,
                                 struct partition_table *table, struct error *error)
{
    uint64_t last = extent.first + extent.sectors - 1;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *other = &table->partitions[i];
        if (extent.first <= other->last_lba && other->first_lba <= last)
            return error_set(error, STATUS_MBR_BAD, "MBR: partitions %u and %u overlap", other->number, number);
    }
    struct partition *partition = &table->partitions[table->count++];
    memset(partition, 0, sizeof *partition);
    partition->first_lba = extent.first;
    partition->last_lba = last;
    partition->number = number;
    partition->mbr_type = entry->type;
    partition->active = entry->status == MBR_ACTIVE;
    return STATUS_OK;
}

static enum status read_record(struct block *disk, uint64_t lba, struct mbr *record, bool *valid, struct error *error)
{
    enum status status = block_read(disk, lba * disk->sector_size, sizeof *record, record, error);
    *valid = status == STATUS_OK && record->boot_signature[0] == 0x55 && record->boot_signature[1] == 0xaa;
    return status;
}

static enum status add_logical(struct block *disk, struct extent whole, uint64_t at, const struct mbr_entry *entry,
                               struct partition_table *table, struct error *error)
{
    struct extent logical = entry_extent(entry, at);
    uint32_t number = FIRST_LOGICAL_NUMBER;
    if (table->count > 0 && table->partitions[table->count - 1].number >= FIRST_LOGICAL_NUMBER)
        number = table->partitions[table->count - 1].number + 1;
    enum status status = check_entry(disk, entry, logical, number, error);
    if (status != STATUS_OK)
        return status;
    if (logical.first == at || !range_ok(logical.first - whole.first, logical.sectors, whole.sectors))
        return error_set(error, STATUS_MBR_BAD, "MBR: logical partition %u leaves the extended one", number);
    return add_partition(entry, logical, number, table, error);
}

/* The logical partitions of the extended partition `whole`: a chain of records, each with one partition (counted from
 * the record) and a link to the next record (counted from the extended partition). A chain may be a loop: what it names
 * again overlaps itself, and the number of links is bounded. */
static enum status read_logical(struct block *disk, struct extent whole, struct partition_table *table,
                                struct error *error)
{
    uint64_t at = whole.first;
    for (uint32_t link = 0; link < CHAIN_MAX && table->count < PARTITION_LIMIT; link++) {
        struct mbr record;
        bool valid;
        enum status status = read_record(disk, at, &record, &valid, error);
        if (status != STATUS_OK || !valid) /* an extended partition that nobody has written to yet is empty */
            return status;
        if (entry_extent(&record.entries[0], at).sectors != 0)
            status = add_logical(disk, whole, at, &record.entries[0], table, error);
        struct extent next = entry_extent(&record.entries[1], whole.first);
        if (status != STATUS_OK || next.sectors == 0)
            return status;
        if (next.first == whole.first || next.first - whole.first >= whole.sectors)
            return error_set(error, STATUS_MBR_BAD, "MBR: the extended partition's chain goes to sector %lu",
                             next.first);
        at = next.first;
    }
    if (table->count == PARTITION_LIMIT) /* enough to boot from */
        return STATUS_OK;
    return error_set(error, STATUS_MBR_BAD, "MBR: the extended partition's chain has more than %u links", CHAIN_MAX);
}

static enum status check_primaries(struct block *disk, const struct mbr *mbr, struct error *error)
{
    for (uint32_t i = 0; i < MBR_SLOTS; i++) {
        struct extent one = entry_extent(&mbr->entries[i], 0);
        if (one.sectors == 0)
            continue;
        enum status status = check_entry(disk, &mbr->entries[i], one, i + 1, error);
        if (status != STATUS_OK)
            return status;
        for (uint32_t j = 0; j < i; j++) {
            struct extent other = entry_extent(&mbr->entries[j], 0);
            if (one.first < other.first + other.sectors && other.first < one.first + one.sectors)
                return error_set(error, STATUS_MBR_BAD, "MBR: partitions %u and %u overlap", j + 1, i + 1);
        }
    }
    return STATUS_OK;
}

enum status mbr_read(struct block *disk, const struct mbr *mbr, struct partition_table *table, struct error *error)
{
    enum status status = check_primaries(disk, mbr, error);
    for (uint32_t i = 0; i < MBR_SLOTS && status == STATUS_OK; i++) {
        struct extent extent = entry_extent(&mbr->entries[i], 0);
        if (extent.sectors != 0 && !is_extended(&mbr->entries[i]))
            status = add_partition(&mbr->entries[i], extent, i + 1, table, error);
    }
    for (uint32_t i = 0; i < MBR_SLOTS && status == STATUS_OK; i++) {
        struct extent extent = entry_extent(&mbr->entries[i], 0);
        if (extent.sectors != 0 && is_extended(&mbr->entries[i]))
            return read_logical(disk, extent, table, error); /* a disk has one extended partition */
    }
    return status;
}
