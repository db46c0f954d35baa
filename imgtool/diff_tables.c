/* diff: the master boot record with stage 1, the stages, the GPT. */
#include "comparison.h"
#include "diff_fields.h"
#include "gpt.h"
#include "mbr.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define MEMBER(name, structure, member, kind)                                                                          \
    {                                                                                                                  \
        name, offsetof(struct structure, member), sizeof(((struct structure *)0)->member), kind                        \
    }

static const struct diff_field patch_fields[] = {
    MEMBER("first sector of the stages", bios_stage1_patch, stages_lba, DIFF_NUMBER),
    MEMBER("image number", bios_stage1_patch, image_id, DIFF_HEX),
    MEMBER("sectors of the stages", bios_stage1_patch, stages_sectors, DIFF_NUMBER),
    MEMBER("sectors of the overlay", bios_stage1_patch, overlay_sectors, DIFF_NUMBER),
};

static const struct diff_field stages_fields[] = {
    MEMBER("magic", bios_stages_header, magic, DIFF_TEXT),
    MEMBER("image number", bios_stages_header, image_id, DIFF_HEX),
    MEMBER("size", bios_stages_header, size, DIFF_NUMBER),
    MEMBER("sum", bios_stages_header, sum, DIFF_HEX),
    MEMBER("format", bios_stages_header, format, DIFF_NUMBER),
    MEMBER("packed size", bios_stages_header, packed_size, DIFF_NUMBER),
    MEMBER("packed size of the overlay", bios_stages_header, overlay_packed_size, DIFF_NUMBER),
    MEMBER("size of the overlay", bios_stages_header, overlay_size, DIFF_NUMBER),
    MEMBER("sum of the overlay", bios_stages_header, overlay_sum, DIFF_HEX),
};

static const struct diff_field mbr_fields[] = {
    {"disk signature", 440, 4, DIFF_HEX},
    {"copy protection", 444, 2, DIFF_HEX},
    {"boot signature", 510, 2, DIFF_HEX},
};

static const struct diff_field mbr_entry_fields[] = {
    MEMBER("status", mbr_entry, status, DIFF_HEX),
    MEMBER("first CHS", mbr_entry, first_chs, DIFF_BYTES),
    MEMBER("type", mbr_entry, type, DIFF_HEX),
    MEMBER("last CHS", mbr_entry, last_chs, DIFF_BYTES),
    MEMBER("first sector", mbr_entry, first_lba, DIFF_NUMBER),
    MEMBER("sectors", mbr_entry, sectors, DIFF_NUMBER),
};

static const struct diff_field gpt_header_fields[] = {
    MEMBER("signature", gpt_header, signature, DIFF_TEXT),
    MEMBER("revision", gpt_header, revision, DIFF_HEX),
    MEMBER("header size", gpt_header, header_size, DIFF_NUMBER),
    MEMBER("header CRC", gpt_header, header_crc32, DIFF_HEX),
    MEMBER("own sector", gpt_header, my_lba, DIFF_NUMBER),
    MEMBER("other header's sector", gpt_header, alternate_lba, DIFF_NUMBER),
    MEMBER("first usable sector", gpt_header, first_usable_lba, DIFF_NUMBER),
    MEMBER("last usable sector", gpt_header, last_usable_lba, DIFF_NUMBER),
    MEMBER("disk GUID", gpt_header, disk_guid, DIFF_GUID),
    MEMBER("first sector of the entries", gpt_header, entries_lba, DIFF_NUMBER),
    MEMBER("number of entries", gpt_header, entry_count, DIFF_NUMBER),
    MEMBER("entry size", gpt_header, entry_size, DIFF_NUMBER),
    MEMBER("CRC of the entries", gpt_header, entries_crc32, DIFF_HEX),
};

static const struct diff_field gpt_entry_fields[] = {
    MEMBER("type", gpt_entry, type_guid, DIFF_GUID),           MEMBER("GUID", gpt_entry, guid, DIFF_GUID),
    MEMBER("first sector", gpt_entry, first_lba, DIFF_NUMBER), MEMBER("last sector", gpt_entry, last_lba, DIFF_NUMBER),
    MEMBER("attributes", gpt_entry, attributes, DIFF_HEX),     MEMBER("name", gpt_entry, name, DIFF_WIDE),
};

static bool read_both(struct comparison *comparison, const uint64_t offsets[2], uint64_t size, uint8_t *to[2])
{
    struct error ignored;
    for (unsigned i = 0; i < 2; i++)
        if (block_read(comparison_block(comparison, i), offsets[i], size, to[i], &ignored) != STATUS_OK)
            return false;
    return true;
}

/* --- the first sector, and the stages that it names ----------------------------------------------------------------
 */

static const struct boot_code *code_of(const struct comparison *comparison, unsigned image)
{
    return &comparison->images[image].tables.boot_code;
}

static bool is_bare(const struct comparison *comparison, unsigned image)
{
    const struct verify *tables = &comparison->images[image].tables;
    return tables->has_table && tables->files.table.kind == BOOT_DISK_UNKNOWN;
}

void comparison_stage1_data(struct comparison *comparison, const char *what, const struct boot_code *first,
                            const struct boot_code *second)
{
    diff_fields(comparison, what, patch_fields, COUNT(patch_fields), (const uint8_t *)&first->patch,
                (const uint8_t *)&second->patch, sizeof first->patch);
}

/* A volume without partitions has its parameter block in the gap, and code where the entries would be. */
static void compare_code(struct comparison *comparison, bool bare, bool ours)
{
    uint64_t end = ours ? BIOS_STAGE1_PATCH_OFFSET : BIOS_STAGE1_SIZE;
    if (!bare) {
        comparison_range(comparison, "MBR boot code", 0, 0, end);
        return;
    }
    comparison_range(comparison, "boot code", 0, 0, BIOS_STAGE1_GAP_START);
    comparison_range(comparison, "boot code", BIOS_STAGE1_GAP_END, BIOS_STAGE1_GAP_END, end - BIOS_STAGE1_GAP_END);
    comparison_range(comparison, "boot code", BIOS_STAGE1_SIZE, BIOS_STAGE1_SIZE, MBR_SIZE - BIOS_STAGE1_SIZE);
}

static void compare_entries(struct comparison *comparison, const uint8_t *const sectors[2])
{
    char what[32];
    diff_fields(comparison, "MBR", mbr_fields, COUNT(mbr_fields), sectors[0], sectors[1], 0);
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        size_t at = offsetof(struct mbr, entries) + i * sizeof(struct mbr_entry);
        snprintf(what, sizeof what, "MBR entry %u", i + 1);
        diff_fields(comparison, what, mbr_entry_fields, COUNT(mbr_entry_fields), sectors[0] + at, sectors[1] + at,
                    sizeof(struct mbr_entry));
    }
}

static void compare_version(struct comparison *comparison, const char *what, const char *first, const char *second)
{
    if (strcmp(first, second) != 0)
        comparison_field(comparison, what, "version", *first != '\0' ? first : "none found",
                         *second != '\0' ? second : "none found");
}

static void compare_stages(struct comparison *comparison)
{
    const struct bios_stages_header *headers[] = {&code_of(comparison, 0)->header, &code_of(comparison, 1)->header};
    const struct bios_stage1_patch *patches[] = {&code_of(comparison, 0)->patch, &code_of(comparison, 1)->patch};
    compare_version(comparison, "BIOS stages", comparison->images[0].bios_version, comparison->images[1].bios_version);
    diff_fields(comparison, "BIOS stages' header", stages_fields, COUNT(stages_fields), (const uint8_t *)headers[0],
                (const uint8_t *)headers[1], sizeof *headers[0]);
    if (bios_stages_sectors(patches[0]) == bios_stages_sectors(patches[1]))
        comparison_range(comparison, "BIOS stages", patches[0]->stages_lba * BIOS_SECTOR_SIZE + sizeof *headers[0],
                         patches[1]->stages_lba * BIOS_SECTOR_SIZE + sizeof *headers[0],
                         bios_stages_sectors(patches[0]) * (uint64_t)BIOS_SECTOR_SIZE - sizeof *headers[0]);
}

void comparison_boot_sector(struct comparison *comparison)
{
    const struct boot_code *one = code_of(comparison, 0), *other = code_of(comparison, 1);
    bool bare = is_bare(comparison, 0) && is_bare(comparison, 1);
    bool ours = boot_code_starts_bios(one) && boot_code_starts_bios(other);
    uint8_t sectors[2][MBR_SIZE];
    if (!read_both(comparison, (const uint64_t[]){0, 0}, MBR_SIZE, (uint8_t *[]){sectors[0], sectors[1]}))
        return;
    compare_code(comparison, bare, ours);
    if (ours)
        comparison_stage1_data(comparison, "stage 1's data", one, other);
    if (!bare)
        compare_entries(comparison, (const uint8_t *const[]){sectors[0], sectors[1]});
    if (one->kind == BOOT_CODE_STAGES && other->kind == BOOT_CODE_STAGES)
        compare_stages(comparison);
    compare_version(comparison, "UEFI loader", comparison->images[0].uefi_version, comparison->images[1].uefi_version);
}

/* --- GPT -----------------------------------------------------------------------------------------------------------
 */

static void compare_header(struct comparison *comparison, const char *what, const uint64_t offsets[2], uint64_t sector)
{
    static uint8_t headers[2][4096];
    if (sector <= sizeof headers[0] && read_both(comparison, offsets, sector, (uint8_t *[]){headers[0], headers[1]}))
        diff_fields(comparison, what, gpt_header_fields, COUNT(gpt_header_fields), headers[0], headers[1], sector);
}

static void compare_array(struct comparison *comparison, const char *what, const uint64_t offsets[2])
{
    static uint8_t arrays[2][GPT_ENTRY_COUNT * GPT_ENTRY_SIZE];
    char entry[48];
    if (!read_both(comparison, offsets, sizeof arrays[0], (uint8_t *[]){arrays[0], arrays[1]}))
        return;
    for (unsigned i = 0; i < GPT_ENTRY_COUNT; i++) {
        size_t at = (size_t)i * GPT_ENTRY_SIZE;
        snprintf(entry, sizeof entry, "%s %u", what, i + 1);
        diff_fields(comparison, entry, gpt_entry_fields, COUNT(gpt_entry_fields), arrays[0] + at, arrays[1] + at,
                    GPT_ENTRY_SIZE);
    }
}

void comparison_gpt(struct comparison *comparison)
{
    const struct block *blocks[] = {comparison_block(comparison, 0), comparison_block(comparison, 1)};
    uint64_t sector = blocks[0]->sector_size, array = (uint64_t)GPT_ENTRY_COUNT * GPT_ENTRY_SIZE;
    for (unsigned i = 0; i < 2; i++)
        if (comparison->images[i].tables.files.table.kind != BOOT_DISK_GPT || blocks[i]->sector_size != sector ||
            blocks[i]->size < 3 * sector + 2 * array)
            return;
    const uint64_t ends[] = {blocks[0]->size, blocks[1]->size};
    compare_header(comparison, "primary GPT header", (const uint64_t[]){sector, sector}, sector);
    compare_array(comparison, "primary GPT entry", (const uint64_t[]){2 * sector, 2 * sector});
    compare_array(comparison, "backup GPT entry",
                  (const uint64_t[]){ends[0] - sector - array, ends[1] - sector - array});
    compare_header(comparison, "backup GPT header", (const uint64_t[]){ends[0] - sector, ends[1] - sector}, sector);
}
