#include "partition_text.h"

#include "boot_volume.h"
#include "partition_type.h"
#include "utf.h"

#include <stagecoach/boot.h>

#include <stdio.h>
#include <string.h>

const char *partition_guid_text(const uint8_t guid[16], char to[37])
{
    snprintf(to, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", guid[3], guid[2], guid[1],
             guid[0], guid[5], guid[4], guid[7], guid[6], guid[8], guid[9], guid[10], guid[11], guid[12], guid[13],
             guid[14], guid[15]);
    return to;
}

const char *partition_type_text(const struct partition_table *table, const struct partition *partition,
                                char to[PARTITION_NAME_SIZE])
{
    bool gpt = table->kind == BOOT_DISK_GPT;
    if (boot_volume_is_esp(table, partition))
        snprintf(to, PARTITION_NAME_SIZE, "EFI system");
    else if (gpt && memcmp(partition->type_guid, partition_guid_bios_boot, sizeof partition->type_guid) == 0)
        snprintf(to, PARTITION_NAME_SIZE, "BIOS boot");
    else if (gpt && partition_type_name(partition->type_guid) != NULL)
        snprintf(to, PARTITION_NAME_SIZE, "%s", partition_type_name(partition->type_guid));
    else if (gpt)
        partition_guid_text(partition->type_guid, to);
    else
        snprintf(to, PARTITION_NAME_SIZE, "type 0x%02x", partition->mbr_type);
    return to;
}

const char *partition_name_text(const struct partition *partition, char to[PARTITION_NAME_SIZE])
{
    const uint16_t *unit = partition->name, *end = unit + sizeof partition->name / sizeof *unit;
    uint32_t size = 0, character;
    while (unit < end && *unit != 0 && utf16_take(&unit, end, &character) && character >= ' ' && character != 0x7f)
        size += utf8_put(character, to + size);
    to[size] = '\0';
    return to;
}

void partition_picture(const struct partition_table *table, uint64_t sectors, char to[PARTITION_PICTURE_CELLS + 1])
{
    memset(to, '.', PARTITION_PICTURE_CELLS);
    to[PARTITION_PICTURE_CELLS] = '\0';
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->partitions[i];
        char mark = partition->number < 10 ? (char)('0' + partition->number) : '+';
        bool drawn = false;
        for (uint64_t cell = 0; cell < PARTITION_PICTURE_CELLS; cell++) {
            uint64_t middle = (2 * cell + 1) * (sectors / 2) / PARTITION_PICTURE_CELLS;
            if (middle < partition->first_lba || middle > partition->last_lba)
                continue;
            to[cell] = mark;
            drawn = true;
        }
        if (!drawn && partition->first_lba < sectors)
            to[partition->first_lba * PARTITION_PICTURE_CELLS / sectors] = mark;
    }
}
