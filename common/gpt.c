#include "gpt.h"

#include "checked.h"
#include "crc32.h"
#include "large.h"
#include "memory.h"

/* Bounds on what a header may claim, so that a hostile one can't make us read without end. */
#define HEADER_SIZE_MAX 512u
#define ENTRY_SIZE_MAX 512u
#define ENTRY_COUNT_MAX 4096u

#define CHUNK_SIZE 4096u /* of the entry array; a multiple of ENTRY_SIZE_MAX */

static enum status check_header_bytes(uint8_t bytes[HEADER_SIZE_MAX], struct gpt_header *header, struct error *error)
{
    memcpy(header, bytes, GPT_HEADER_SIZE);
    if (header->signature != GPT_SIGNATURE)
        return error_set(error, STATUS_GPT_BAD, "no signature");
    if (header->revision != GPT_REVISION)
        return error_set(error, STATUS_GPT_BAD, "revision %#x, not %#x", header->revision, GPT_REVISION);
    if (header->header_size < GPT_HEADER_SIZE || header->header_size > HEADER_SIZE_MAX)
        return error_set(error, STATUS_GPT_BAD, "header of %u bytes, not %u to %u", header->header_size,
                         GPT_HEADER_SIZE, HEADER_SIZE_MAX);
    memset(bytes + offsetof(struct gpt_header, header_crc32), 0, sizeof header->header_crc32);
    if (crc32_add(0, bytes, header->header_size) != header->header_crc32)
        return error_set(error, STATUS_GPT_BAD, "wrong header CRC");
    return STATUS_OK;
}

/* Where the entry array lies: between the header and the partitions, on either side of them. */
static enum status check_array(const struct gpt_header *header, uint64_t sector_size, uint64_t sectors,
                               struct error *error)
{
    if (header->entry_size < GPT_ENTRY_SIZE || header->entry_size > ENTRY_SIZE_MAX || header->entry_size % 8 != 0)
        return error_set(error, STATUS_GPT_BAD, "entries of %u bytes", header->entry_size);
    if (header->entry_count == 0 || header->entry_count > ENTRY_COUNT_MAX)
        return error_set(error, STATUS_GPT_BAD, "%u entries, not 1 to %u", header->entry_count, ENTRY_COUNT_MAX);
    uint64_t array = ((uint64_t)header->entry_count * header->entry_size + sector_size - 1) / sector_size;
    uint64_t first = header->entries_lba;
    bool inside = first >= 2 && range_ok(first, array, sectors);
    bool on_header = inside && first <= header->my_lba && header->my_lba < first + array;
    bool on_partitions = inside && first <= header->last_usable_lba && header->first_usable_lba < first + array;
    if (!inside || on_header || on_partitions)
        return error_set(error, STATUS_GPT_BAD, "the entries can't be at sector %lu", first);
    return STATUS_OK;
}

static enum status check_header(const struct gpt_header *header, uint64_t lba, uint64_t sector_size, uint64_t sectors,
                                struct error *error)
{
    if (header->my_lba != lba)
        return error_set(error, STATUS_GPT_BAD, "the header says that it is at sector %lu", header->my_lba);
    if (header->alternate_lba == lba)
        return error_set(error, STATUS_GPT_BAD, "the header says that it is its own backup");
    uint64_t first = header->first_usable_lba, last = header->last_usable_lba;
    if (first < 2 || first > last || last >= sectors || (first <= lba && lba <= last))
        return error_set(error, STATUS_GPT_BAD, "usable sectors %lu to %lu on a disk of %lu", first, last, sectors);
    return check_array(header, sector_size, sectors, error);
}

static enum status check_partition(const struct gpt_header *header, const struct partition_table *table,
                                   const struct partition *partition, struct error *error)
{
    uint64_t first = partition->first_lba, last = partition->last_lba;
    if (first > last || first < header->first_usable_lba || last > header->last_usable_lba)
        return error_set(error, STATUS_GPT_BAD, "partition %u at sectors %lu to %lu", partition->number, first, last);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *other = &table->partitions[i];
        if (first <= other->last_lba && other->first_lba <= last)
            return error_set(error, STATUS_GPT_BAD, "partitions %u and %u overlap", other->number, partition->number);
    }
    return STATUS_OK;
}

static enum status add_entry(const struct gpt_header *header, uint32_t number, const uint8_t *bytes,
                             struct partition_table *table, struct error *error)
{
    static const uint8_t unused[16];
    struct gpt_entry entry;
    memcpy(&entry, bytes, sizeof entry);
    if (memcmp(entry.type_guid, unused, sizeof unused) == 0 || table->count == PARTITION_LIMIT)
        return STATUS_OK;
    struct partition *partition = &table->partitions[table->count];
    memset(partition, 0, sizeof *partition);
    partition->first_lba = entry.first_lba;
    partition->last_lba = entry.last_lba;
    partition->number = number;
    partition->attributes = entry.attributes;
    memcpy(partition->type_guid, entry.type_guid, sizeof entry.type_guid);
    memcpy(partition->guid, entry.guid, sizeof entry.guid);
    memcpy(partition->name, entry.name, sizeof entry.name);
    enum status status = check_partition(header, table, partition, error);
    if (status == STATUS_OK)
        table->count++;
    return status;
}

/* Each byte of the array is read once, for the CRC and for the entries. What was found counts only if the CRC is right.
 */
static enum status read_entries(struct block *disk, const struct gpt_header *header, struct partition_table *table,
                                struct error *error)
{
    LARGE("gpt_chunk") static uint8_t chunk[CHUNK_SIZE]; /* too large for the stack of stage 4 */
    uint32_t per_chunk = CHUNK_SIZE / header->entry_size, crc = 0;
    struct error bad_entry;
    enum status entries = STATUS_OK;
    for (uint32_t done = 0; done < header->entry_count; done += per_chunk) {
        uint32_t count = header->entry_count - done < per_chunk ? header->entry_count - done : per_chunk;
        uint64_t offset = header->entries_lba * disk->sector_size + (uint64_t)done * header->entry_size;
        enum status status = block_read(disk, offset, (uint64_t)count * header->entry_size, chunk, error);
        if (status != STATUS_OK)
            return status;
        crc = crc32_add(crc, chunk, (uint64_t)count * header->entry_size);
        for (uint32_t i = 0; i < count && entries == STATUS_OK; i++)
            entries = add_entry(header, done + i + 1, chunk + (uint64_t)i * header->entry_size, table, &bad_entry);
    }
    if (crc != header->entries_crc32)
        return error_set(error, STATUS_GPT_BAD, "wrong CRC of the entries");
    return entries == STATUS_OK ? STATUS_OK : error_set(error, entries, "%s", bad_entry.text);
}

/* *alternate: where the header says that the other one is; 0 if it has no signature. */
static enum status read_at(struct block *disk, uint64_t lba, struct partition_table *table, uint64_t *alternate,
                           struct error *error)
{
    uint64_t sectors = disk->size / disk->sector_size;
    uint8_t bytes[HEADER_SIZE_MAX];
    struct gpt_header header;
    if (lba >= sectors)
        return error_set(error, STATUS_GPT_BAD, "sector %lu is past the end of the disk", lba);
    enum status status = block_read(disk, lba * disk->sector_size, sizeof bytes, bytes, error);
    if (status != STATUS_OK)
        return status;
    status = check_header_bytes(bytes, &header, error);
    if (header.signature == GPT_SIGNATURE && alternate != NULL)
        *alternate = header.alternate_lba;
    if (status == STATUS_OK)
        status = check_header(&header, lba, disk->sector_size, sectors, error);
    if (status != STATUS_OK)
        return status;
    table->count = 0;
    status = read_entries(disk, &header, table, error);
    if (status != STATUS_OK) {
        table->count = 0;
        return status;
    }
    memcpy(table->disk_guid, header.disk_guid, sizeof table->disk_guid);
    return STATUS_OK;
}

enum status gpt_read(struct block *disk, struct partition_table *table, struct error *error)
{
    uint64_t last = disk->size / disk->sector_size - 1, alternate = 0;
    struct error primary, backup;
    table->from_backup = false;
    if (read_at(disk, GPT_PRIMARY_LBA, table, &alternate, &primary) == STATUS_OK)
        return STATUS_OK;
    enum status status = read_at(disk, last, table, NULL, &backup);
    if (status != STATUS_OK && alternate > GPT_PRIMARY_LBA && alternate < last)
        status = read_at(disk, alternate, table, NULL, &backup);
    table->from_backup = status == STATUS_OK;
    if (status == STATUS_OK)
        return STATUS_OK;
    if (primary.status == STATUS_READ_ERROR) /* a failing disk, not a wrong table */
        status = primary.status;
    else
        status = STATUS_GPT_BAD;
    return error_set(error, status, "GPT: primary: %.90s; backup: %.90s", primary.text, backup.text);
}
