/* diff: the CD's side of two images. */
#include "comparison.h"
#include "diff_fields.h"
#include "iso_volume.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define WHAT "El Torito boot catalog"

static const struct diff_field validation_fields[] = {
    {"header", 0, 1, DIFF_HEX},    {"platform", 1, 1, DIFF_HEX}, {"name", 4, 24, DIFF_TEXT},
    {"checksum", 28, 2, DIFF_HEX}, {"key", 30, 2, DIFF_HEX},
};

static const struct diff_field section_fields[] = {
    {"header", 0, 1, DIFF_HEX},
    {"platform", 1, 1, DIFF_HEX},
    {"entries", 2, 2, DIFF_NUMBER},
    {"name", 4, 28, DIFF_TEXT},
};

static const struct diff_field entry_fields[] = {
    {"bootable", 0, 1, DIFF_HEX},    {"emulation", 1, 1, DIFF_HEX},  {"load segment", 2, 2, DIFF_HEX},
    {"system type", 4, 1, DIFF_HEX}, {"sectors", 6, 2, DIFF_NUMBER}, {"first block", 8, 4, DIFF_NUMBER},
};

/* Where the image says that its catalog is; 0: nowhere. */
static uint32_t catalog_block(struct block *image)
{
    uint32_t block;
    struct error ignored;
    uint64_t at = ISO_BOOT_RECORD_BLOCK * (uint64_t)ISO_BLOCK_SIZE + ISO_BOOT_CATALOG;
    return block_read(image, at, sizeof block, &block, &ignored) == STATUS_OK ? block : 0;
}

/* If they are in different places, the boot records differ, and that is told. */
static bool read_catalogs(struct comparison *comparison, uint8_t catalogs[2][ISO_BLOCK_SIZE])
{
    uint32_t block = catalog_block(comparison_block(comparison, 0));
    struct error ignored;
    if (block == 0 || catalog_block(comparison_block(comparison, 1)) != block)
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (block_read(comparison_block(comparison, i), (uint64_t)block * ISO_BLOCK_SIZE, ISO_BLOCK_SIZE, catalogs[i],
                       &ignored) != STATUS_OK)
            return false;
    return true;
}

/* El Torito 1.0, chapter 2: which kind of record it is follows from the ones before. */
static void compare_catalogs(struct comparison *comparison)
{
    static uint8_t catalogs[2][ISO_BLOCK_SIZE];
    char what[64];
    if (!read_catalogs(comparison, catalogs))
        return;
    for (uint32_t i = 0; i < ISO_BLOCK_SIZE / ISO_ENTRY_SIZE; i++) {
        const uint8_t *a = catalogs[0] + i * (size_t)ISO_ENTRY_SIZE, *b = catalogs[1] + i * (size_t)ISO_ENTRY_SIZE;
        bool section = i > 1 && (a[0] & 0xfe) == (ISO_LAST_SECTION & 0xfe);
        snprintf(what, sizeof what, WHAT ", record %u", i);
        if (i == 0)
            diff_fields(comparison, what, validation_fields, COUNT(validation_fields), a, b, ISO_ENTRY_SIZE);
        else if (section)
            diff_fields(comparison, what, section_fields, COUNT(section_fields), a, b, ISO_ENTRY_SIZE);
        else
            diff_fields(comparison, what, entry_fields, COUNT(entry_fields), a, b, ISO_ENTRY_SIZE);
    }
}

static void compare_bytes(struct comparison *comparison, uint64_t from, uint64_t to)
{
    comparison_range(comparison, verify_iso_part(from), from, from, to - from);
}

static void compare_stage1(struct comparison *comparison)
{
    uint64_t start = ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE, end = start + ISO_BLOCK_SIZE;
    struct boot_code codes[2];
    struct error ignored;
    for (unsigned i = 0; i < 2; i++)
        if (boot_code_read(comparison_block(comparison, i), start, &codes[i], &ignored) != STATUS_OK ||
            !boot_code_starts_bios(&codes[i])) {
            compare_bytes(comparison, start, end);
            return;
        }
    compare_bytes(comparison, start, start + BIOS_STAGE1_PATCH_OFFSET);
    comparison_stage1_data(comparison, "CD's stage 1's data", &codes[0], &codes[1]);
    compare_bytes(comparison, start + BIOS_STAGE1_SIZE, end);
}

/* Ours have their parts in fixed places, up to the directories. */
static void compare_parts(struct comparison *comparison, uint64_t end)
{
    for (uint64_t block = ISO_PRIMARY_BLOCK; block < ISO_CATALOG_BLOCK; block++)
        compare_bytes(comparison, block * ISO_BLOCK_SIZE, (block + 1) * ISO_BLOCK_SIZE);
    compare_stage1(comparison);
    compare_bytes(comparison, ISO_TABLES_BLOCK * (uint64_t)ISO_BLOCK_SIZE, end);
}

static uint64_t end_of(struct comparison *comparison, unsigned image)
{
    return iso_area_limit(comparison_block(comparison, image), &comparison->images[image].tables.files.table);
}

void comparison_cd(struct comparison *comparison)
{
    bool there[] = {comparison->images[0].volume.is_cd, comparison->images[1].volume.is_cd};
    if (there[0] != there[1])
        comparison_differ(comparison, "ISO 9660 volume", "is in the %s image only", there[0] ? "first" : "second");
    if (!there[0] || !there[1])
        return;
    uint64_t end = end_of(comparison, 0), other_end = end_of(comparison, 1);
    end = other_end < end ? other_end : end;
    compare_catalogs(comparison);
    if (end < (ISO_TABLES_BLOCK + 1) * (uint64_t)ISO_BLOCK_SIZE)
        return;
    if (iso_is_ours(comparison_block(comparison, 0)) && iso_is_ours(comparison_block(comparison, 1)))
        compare_parts(comparison, end);
    else
        comparison_range(comparison, "ISO 9660 volume", ISO_AREA_OFFSET, ISO_AREA_OFFSET, end - ISO_AREA_OFFSET);
}
