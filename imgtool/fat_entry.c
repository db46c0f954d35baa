#include "fat_entry.h"

#include <string.h>
#include <time.h>

uint32_t fat_get16(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8;
}

void fat_put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

void fat_put32(uint8_t *to, uint32_t value)
{
    fat_put16(to, value);
    fat_put16(to + 2, value >> 16);
}

struct fat_stamp fat_stamp_make(int64_t seconds)
{
    static const int64_t first = 315532800, last = 4354819198; /* 1980-01-01 00:00:00, 2107-12-31 23:59:58 */
    time_t moment = seconds < first ? first : seconds > last ? last : seconds;
    struct tm parts;
    gmtime_r(&moment, &parts);
    uint32_t date = (uint32_t)(parts.tm_year - 80) << 9 | (uint32_t)(parts.tm_mon + 1) << 5 | (uint32_t)parts.tm_mday;
    uint32_t time = (uint32_t)parts.tm_hour << 11 | (uint32_t)parts.tm_min << 5 | (uint32_t)parts.tm_sec / 2;
    return (struct fat_stamp){.date = (uint16_t)date, .time = (uint16_t)time};
}

void fat_entry_pack(uint8_t *to, uint64_t index, uint32_t bits, uint32_t value)
{
    if (bits == 32) {
        fat_put32(to + index * 4, value);
    } else if (bits == 16) {
        fat_put16(to + index * 2, value);
    } else if (index % 2 == 0) {
        to[index / 2 * 3] = (uint8_t)value;
        to[index / 2 * 3 + 1] = (uint8_t)((to[index / 2 * 3 + 1] & 0xf0) | (value >> 8 & 0xf));
    } else {
        to[index / 2 * 3 + 1] = (uint8_t)((to[index / 2 * 3 + 1] & 0xf) | (value << 4 & 0xf0));
        to[index / 2 * 3 + 2] = (uint8_t)(value >> 4);
    }
}

void fat_entry_put(const struct fat_stamp *stamp, const uint8_t name[FAT_SHORT_NAME_SIZE], uint32_t attributes,
                   uint32_t cluster, uint32_t size, uint8_t *to)
{
    memset(to, 0, FAT_ENTRY_SIZE);
    memcpy(to, name, FAT_SHORT_NAME_SIZE);
    to[11] = (uint8_t)attributes;
    fat_put16(to + 14, stamp->time); /* created */
    fat_put16(to + 16, stamp->date);
    fat_put16(to + 18, stamp->date); /* last opened */
    fat_put16(to + 20, cluster >> 16);
    fat_put16(to + 22, stamp->time); /* written */
    fat_put16(to + 24, stamp->date);
    fat_put16(to + 26, cluster);
    fat_put32(to + 28, size);
}

uint8_t *fat_entry_put_long(const struct fat_node *node, uint8_t *to)
{
    uint32_t parts = fat_node_entries(node) - 1;
    for (uint32_t part = parts; part > 0; part--, to += FAT_ENTRY_SIZE) {
        memset(to, 0, FAT_ENTRY_SIZE);
        to[0] = (uint8_t)(part | (part == parts ? FAT_LONG_LAST : 0));
        to[11] = FAT_ATTRIBUTE_LONG_NAME;
        to[13] = fat_name_checksum(node->short_name);
        for (uint32_t i = 0; i < FAT_LONG_PART_UNITS; i++) {
            uint32_t at = (part - 1) * FAT_LONG_PART_UNITS + i;
            fat_put16(to + fat_long_unit_offsets[i], at < node->unit_count    ? node->units[at]
                                                     : at == node->unit_count ? 0
                                                                              : 0xffff);
        }
    }
    return to;
}
