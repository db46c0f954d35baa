#include "gpt_write.h"

#include "crc32.h"
#include "gpt.h"

#include <string.h>

struct table {
    struct gpt_entry entries[GPT_ENTRY_COUNT];
};

static struct gpt_entry *put_entry(struct gpt_entry *entry, const uint8_t type[16], const uint8_t guid[16],
                                   struct layout_extent extent, const char *name)
{
    memcpy(entry->type_guid, type, sizeof entry->type_guid);
    memcpy(entry->guid, guid, sizeof entry->guid);
    entry->first_lba = extent.first;
    entry->last_lba = extent.first + extent.count - 1;
    for (size_t i = 0; name[i] != '\0'; i++)
        entry->name[i] = (uint8_t)name[i];
    return entry + 1;
}

static void put_entries(const struct image_plan *plan, struct table *table)
{
    const struct layout *layout = &plan->layout;
    const struct ids *ids = &plan->ids;
    struct gpt_entry *entry = table->entries;
    if (layout->bios_partition.count != 0)
        entry = put_entry(entry, partition_guid_bios_boot, ids->bios_guid, layout->bios_partition, "BIOS boot");
    entry = put_entry(entry, plan->volume_type.guid, ids->esp_guid, layout->esp, plan->uefi ? "EFI system" : "boot");
    for (uint32_t i = 0; i < layout->extra_count; i++) {
        uint8_t guid[16];
        ids_partition(ids, (uint32_t)(entry - table->entries) + 1, guid);
        memcpy(entry->name, plan->partitions[i].name, sizeof entry->name);
        entry = put_entry(entry, plan->partitions[i].type.guid, guid, layout->extra[i], "");
    }
}

static enum exit_code write_copy(const struct layout *layout, const struct ids *ids, const struct table *table,
                                 struct layout_extent at, struct layout_extent other, struct layout_extent entries,
                                 int fd, const char *to)
{
    struct gpt_header header = {
        .signature = GPT_SIGNATURE,
        .revision = GPT_REVISION,
        .header_size = GPT_HEADER_SIZE,
        .my_lba = at.first,
        .alternate_lba = other.first,
        .first_usable_lba = layout->primary_entries.first + layout->primary_entries.count,
        .last_usable_lba = layout->backup_entries.first - 1,
        .entries_lba = entries.first,
        .entry_count = GPT_ENTRY_COUNT,
        .entry_size = GPT_ENTRY_SIZE,
        .entries_crc32 = crc32_add(0, table, sizeof *table),
    };
    memcpy(header.disk_guid, ids->disk_guid, sizeof header.disk_guid);
    header.header_crc32 = crc32_add(0, &header, GPT_HEADER_SIZE);
    enum exit_code code = host_write(fd, at.first * LAYOUT_SECTOR_SIZE, &header, GPT_HEADER_SIZE, to);
    if (code == EXIT_OK)
        code = host_write(fd, entries.first * LAYOUT_SECTOR_SIZE, table, sizeof *table, to);
    return code;
}

enum exit_code gpt_write(const struct image_plan *plan, int fd, const char *to)
{
    const struct layout *layout = &plan->layout;
    struct table table;
    memset(&table, 0, sizeof table);
    put_entries(plan, &table);
    enum exit_code code = write_copy(layout, &plan->ids, &table, layout->primary_header, layout->backup_header,
                                     layout->primary_entries, fd, to);
    if (code == EXIT_OK)
        code = write_copy(layout, &plan->ids, &table, layout->backup_header, layout->primary_header,
                          layout->backup_entries, fd, to);
    return code;
}
