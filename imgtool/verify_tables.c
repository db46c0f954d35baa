/* verify: both copies of the GPT. */
#include "verify.h"

#include "checked.h"
#include "crc32.h"
#include "gpt.h"
#include "mbr.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE_MAX (1u << 20) /* of a GPT's entries; the usual one has 16 KiB */

struct gpt_copy {
    const char *header_name, *entries_name;
    struct gpt_header header;
    uint64_t header_offset, entries_offset;
    uint8_t *entries; /* owned; NULL: not to be trusted */
    bool header_sound;
};

/* --- GPT --------------------------------------------------------------------------------------------------------- */

static bool check_header_form(struct verify *verify, struct gpt_copy *copy, const uint8_t *bytes)
{
    struct findings *findings = &verify->findings;
    struct gpt_header *header = &copy->header;
    memcpy(header, bytes, GPT_HEADER_SIZE);
    if (header->signature != GPT_SIGNATURE) {
        findings_add(findings, copy->header_name, copy->header_offset, "does not begin with \"EFI PART\"");
        return false;
    }
    if (header->header_size < GPT_HEADER_SIZE || header->header_size > MBR_SIZE) {
        findings_add(findings, copy->header_name, copy->header_offset + offsetof(struct gpt_header, header_size),
                     "says that it has %u bytes, not %u", header->header_size, GPT_HEADER_SIZE);
        return false;
    }
    uint8_t cleared[MBR_SIZE];
    memcpy(cleared, bytes, sizeof cleared);
    memset(cleared + offsetof(struct gpt_header, header_crc32), 0, sizeof header->header_crc32);
    uint32_t crc = crc32_add(0, cleared, header->header_size);
    if (crc != header->header_crc32)
        findings_add(findings, copy->header_name, copy->header_offset + offsetof(struct gpt_header, header_crc32),
                     "has CRC %#010x, but its bytes give %#010x", header->header_crc32, crc);
    return crc == header->header_crc32;
}

/* The fields of a header whose CRC is right: wrong all the same, if a program wrote them so. */
static bool check_header_fields(struct verify *verify, const struct gpt_copy *copy, uint64_t lba)
{
    const struct gpt_header *header = &copy->header;
    const struct block *block = &verify->files.image.block;
    uint64_t sectors = block->size / block->sector_size;
    uint64_t array = (uint64_t)header->entry_count * header->entry_size;
    const char *wrong = NULL;
    if (header->revision != GPT_REVISION)
        wrong = "has an unknown revision";
    else if (header->my_lba != lba)
        wrong = "says that it is in another sector";
    else if (header->first_usable_lba > header->last_usable_lba || header->last_usable_lba >= sectors)
        wrong = "names usable sectors that the disk has not";
    else if (header->entry_size < GPT_ENTRY_SIZE || header->entry_size % 8 != 0 || array == 0 || array > ARRAY_SIZE_MAX)
        wrong = "names an impossible number or size of entries";
    else if (header->entries_lba < 2 || header->entries_lba >= sectors ||
             array > block->size - header->entries_lba * block->sector_size)
        wrong = "puts its entries outside the disk";
    else if (header->entries_lba <= header->last_usable_lba &&
             header->first_usable_lba < header->entries_lba + (array + block->sector_size - 1) / block->sector_size)
        wrong = "puts its entries among the partitions";
    if (wrong != NULL)
        findings_add(&verify->findings, copy->header_name, copy->header_offset, "%s, though its CRC is right", wrong);
    return wrong == NULL;
}

static void read_entries(struct verify *verify, struct gpt_copy *copy)
{
    const struct gpt_header *header = &copy->header;
    uint64_t size = (uint64_t)header->entry_count * header->entry_size;
    copy->entries_offset = header->entries_lba * verify->files.image.block.sector_size;
    copy->entries = malloc(size);
    if (copy->entries == NULL)
        exit(failure_memory());
    if (verify_read(verify, copy->entries_name, copy->entries_offset, size, copy->entries)) {
        uint32_t crc = crc32_add(0, copy->entries, size);
        if (crc == header->entries_crc32)
            return;
        findings_add(&verify->findings, copy->entries_name, copy->entries_offset,
                     "have CRC %#010x in their header, but their bytes give %#010x", header->entries_crc32, crc);
    }
    free(copy->entries);
    copy->entries = NULL;
}

static void check_copy(struct verify *verify, struct gpt_copy *copy, uint64_t lba)
{
    uint8_t bytes[MBR_SIZE];
    copy->header_offset = lba * verify->files.image.block.sector_size;
    if (!verify_read(verify, copy->header_name, copy->header_offset, sizeof bytes, bytes) ||
        !check_header_form(verify, copy, bytes))
        return;
    copy->header_sound = check_header_fields(verify, copy, lba);
    if (copy->header_sound)
        read_entries(verify, copy);
}

static bool same_table(const struct gpt_header *one, const struct gpt_header *other)
{
    return one->first_usable_lba == other->first_usable_lba && one->last_usable_lba == other->last_usable_lba &&
           memcmp(one->disk_guid, other->disk_guid, sizeof one->disk_guid) == 0 &&
           one->entry_count == other->entry_count && one->entry_size == other->entry_size;
}

static void compare_copies(struct verify *verify, const struct gpt_copy *primary, const struct gpt_copy *backup)
{
    struct findings *findings = &verify->findings;
    const struct block *block = &verify->files.image.block;
    uint64_t last = block->size / block->sector_size - 1;
    if (primary->header_sound && primary->header.alternate_lba != last)
        findings_add(findings, "backup GPT header", primary->header.alternate_lba * block->sector_size,
                     "is at sector %lu, not in the last one, %lu; 'sgdisk -e' moves it there",
                     primary->header.alternate_lba, last);
    if (!primary->header_sound || !backup->header_sound)
        return;
    if (backup->header.alternate_lba != GPT_PRIMARY_LBA)
        findings_add(findings, "backup GPT header", backup->header_offset, "names sector %lu as the primary's, not 1",
                     backup->header.alternate_lba);
    if (!same_table(&primary->header, &backup->header))
        findings_add(findings, "backup GPT header", backup->header_offset, "describes another disk than the primary");
    else if (primary->entries != NULL && backup->entries != NULL &&
             memcmp(primary->entries, backup->entries,
                    (uint64_t)primary->header.entry_count * primary->header.entry_size) != 0)
        findings_add(findings, "backup GPT entries", backup->entries_offset, "differ from the primary's");
}

static void check_gpt(struct verify *verify)
{
    struct error error;
    struct disk_image *image = &verify->files.image;
    uint64_t last = image->block.size / image->block.sector_size - 1;
    struct gpt_copy primary = {.header_name = "primary GPT header", .entries_name = "primary GPT entries"};
    struct gpt_copy backup = {.header_name = "backup GPT header", .entries_name = "backup GPT entries"};
    size_t before = verify->findings.count;
    check_copy(verify, &primary, GPT_PRIMARY_LBA);
    if (primary.header_sound && primary.header.alternate_lba > 1 && primary.header.alternate_lba < last)
        last = primary.header.alternate_lba;
    check_copy(verify, &backup, last);
    compare_copies(verify, &primary, &backup);
    free(primary.entries);
    free(backup.entries);

    memset(&verify->files.table, 0, sizeof verify->files.table);
    verify->files.table.kind = BOOT_DISK_GPT;
    verify->has_table = gpt_read(&image->block, &verify->files.table, &error) == STATUS_OK;
    /* Entries that no CRC tells from good ones: partitions that overlap or leave the usable sectors. */
    if ((!verify->has_table || verify->files.table.from_backup) && verify->findings.count == before)
        findings_add(&verify->findings, primary.entries_name, primary.entries_offset, "are refused by the loader: %s",
                     verify->has_table ? "it takes the backup" : error.text);
}

void verify_tables(struct verify *verify)
{
    bool protective = false;
    if (verify_mbr(verify, &protective) && protective)
        check_gpt(verify);
}
