/* diff: the sectors that describe the boot volume. */
#include "comparison.h"
#include "diff_fields.h"
#include "fat_entry.h"

#include <string.h>

#define SECTOR 512u
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define INFO_OFFSET 48u /* in FAT32's parameter block: sector numbers */
#define COPY_OFFSET 50u
#define BLOCK_END 90u /* of the parameter block on a disk whose boot code is compared as such */

/* The parameter block: Microsoft's fatgen103. */
#define COMMON_FIELDS                                                                                                  \
    {"OEM name", 3, 8, DIFF_TEXT}, {"bytes per sector", 11, 2, DIFF_NUMBER},                                           \
        {"sectors per cluster", 13, 1, DIFF_NUMBER}, {"reserved sectors", 14, 2, DIFF_NUMBER},                         \
        {"tables", 16, 1, DIFF_NUMBER}, {"root entries", 17, 2, DIFF_NUMBER},                                          \
        {"sectors (16 bits)", 19, 2, DIFF_NUMBER}, {"media", 21, 1, DIFF_HEX},                                         \
        {"sectors per table (16 bits)", 22, 2, DIFF_NUMBER}, {"sectors per track", 24, 2, DIFF_NUMBER},                \
        {"heads", 26, 2, DIFF_NUMBER}, {"hidden sectors", 28, 4, DIFF_NUMBER},                                         \
    {                                                                                                                  \
        "sectors", 32, 4, DIFF_NUMBER                                                                                  \
    }

static const struct diff_field narrow_fields[] = {
    COMMON_FIELDS,
    {"drive", 36, 1, DIFF_HEX},
    {"extended signature", 38, 1, DIFF_HEX},
    {"volume id", 39, 4, DIFF_HEX},
    {"label", 43, 11, DIFF_TEXT},
    {"type", 54, 8, DIFF_TEXT},
};

static const struct diff_field wide_fields[] = {
    COMMON_FIELDS,
    {"sectors per table", 36, 4, DIFF_NUMBER},
    {"flags", 40, 2, DIFF_HEX},
    {"version", 42, 2, DIFF_HEX},
    {"root directory's cluster", 44, 4, DIFF_NUMBER},
    {"FSInfo sector", INFO_OFFSET, 2, DIFF_NUMBER},
    {"backup boot sector", COPY_OFFSET, 2, DIFF_NUMBER},
    {"drive", 64, 1, DIFF_HEX},
    {"extended signature", 66, 1, DIFF_HEX},
    {"volume id", 67, 4, DIFF_HEX},
    {"label", 71, 11, DIFF_TEXT},
    {"type", 82, 8, DIFF_TEXT},
};

static const struct diff_field info_fields[] = {
    {"lead signature", 0, 4, DIFF_TEXT},    {"structure signature", 484, 4, DIFF_TEXT},
    {"free clusters", 488, 4, DIFF_NUMBER}, {"next free cluster", 492, 4, DIFF_NUMBER},
    {"trail signature", 508, 4, DIFF_HEX},
};

static const struct fat *fat_of(const struct comparison *comparison, unsigned image)
{
    return &comparison->images[image].volume.files.fat;
}

/* A sector of each volume; false: it has none of that number. */
static bool read_sectors(struct comparison *comparison, const uint32_t numbers[2], uint8_t sectors[2][SECTOR])
{
    struct error ignored;
    for (unsigned i = 0; i < 2; i++) {
        const struct fat *fat = fat_of(comparison, i);
        uint64_t offset = (uint64_t)numbers[i] * fat->sector_size;
        if (offset >= fat->fat_offset ||
            block_read(comparison_block(comparison, i), fat->start + offset, SECTOR, sectors[i], &ignored) != STATUS_OK)
            return false;
    }
    return true;
}

/* FAT32's further sectors: where each volume says that they are. */
static void compare_further(struct comparison *comparison, uint8_t boots[2][SECTOR])
{
    uint8_t sectors[2][SECTOR];
    const uint32_t infos[] = {fat_get16(boots[0] + INFO_OFFSET), fat_get16(boots[1] + INFO_OFFSET)};
    const uint32_t copies[] = {fat_get16(boots[0] + COPY_OFFSET), fat_get16(boots[1] + COPY_OFFSET)};
    if (infos[0] != 0 && infos[1] != 0 && read_sectors(comparison, infos, sectors))
        diff_fields(comparison, "FSInfo", info_fields, COUNT(info_fields), sectors[0], sectors[1], SECTOR);
    if (copies[0] != 0 && copies[1] != 0 && read_sectors(comparison, copies, sectors))
        diff_fields(comparison, "FAT backup boot sector", wide_fields, COUNT(wide_fields), sectors[0], sectors[1],
                    SECTOR);
}

void comparison_volume(struct comparison *comparison)
{
    const struct fat *a = fat_of(comparison, 0), *b = fat_of(comparison, 1);
    bool mounted[] = {comparison->images[0].volume.is_mounted, comparison->images[1].volume.is_mounted};
    uint8_t boots[2][SECTOR];
    if (mounted[0] != mounted[1])
        comparison_differ(comparison, "boot volume", "can be read in the %s image only",
                          mounted[0] ? "first" : "second");
    if (!mounted[0] || !mounted[1])
        return;
    if (a->bits != b->bits)
        comparison_differ(comparison, "boot volume",
                          "FAT%u, %lu bytes, clusters of %u; FAT%u, %lu bytes, clusters of %u", a->bits, a->size,
                          a->cluster_size, b->bits, b->size, b->cluster_size);
    if (a->bits != b->bits || !read_sectors(comparison, (const uint32_t[]){0, 0}, boots))
        return;
    bool wide = a->bits == 32, bare = a->start == 0 && b->start == 0; /* then the code is compared as the disk's */
    diff_fields(comparison, "FAT boot sector", wide ? wide_fields : narrow_fields,
                wide ? COUNT(wide_fields) : COUNT(narrow_fields), boots[0], boots[1], bare ? 0 : SECTOR);
    if (wide)
        compare_further(comparison, boots);
}
