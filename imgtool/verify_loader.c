/* verify: the loader itself: stage 1 in the MBR, the stages behind it, and the UEFI application. */
#include "verify.h"

#include "../bios/image_format.h"
#include "boot_volume.h"
#include "checked.h"
#include "loader_files.h"
#include "mbr.h"
#include "pe.h"

#include <stdlib.h>
#include <string.h>

#define UEFI_LOADER_PATH "/EFI/BOOT/BOOTX64.EFI"
#define PATCH_FIELD(field) (BIOS_STAGE1_PATCH_OFFSET + offsetof(struct bios_stage1_patch, field))

/* --- stage 1 ----------------------------------------------------------------------------------------------------- */

static bool is_bios_boot(const struct partition *partition)
{
    return memcmp(partition->type_guid, partition_guid_bios_boot, sizeof partition->type_guid) == 0;
}

/* A FAT volume that is the whole disk has the stages among its reserved sectors. */
static bool are_reserved(struct verify *verify, uint64_t first, uint64_t last)
{
    uint16_t reserved;
    return verify_read(verify, "FAT boot sector", 14, sizeof reserved, &reserved) && first >= 1 && last < reserved;
}

/* The stages have a partition of their own on a GPT disk, and lie before the first one on an MBR disk. */
static bool stages_place_ok(struct verify *verify, uint64_t first, uint64_t last)
{
    if (verify->files.table.kind == BOOT_DISK_UNKNOWN)
        return are_reserved(verify, first, last);
    const struct partition_table *table = &verify->files.table;
    bool in_partition = table->kind != BOOT_DISK_GPT;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->partitions[i];
        bool meets = first <= partition->last_lba && partition->first_lba <= last;
        bool inside = partition->first_lba <= first && last <= partition->last_lba;
        if (meets && !(table->kind == BOOT_DISK_GPT && inside && is_bios_boot(partition)))
            return false;
        in_partition = in_partition || inside;
    }
    return in_partition;
}

static bool check_patch(struct verify *verify, const struct bios_stage1_patch *patch)
{
    struct findings *findings = &verify->findings;
    uint64_t sectors = verify->files.image.block.size / BIOS_SECTOR_SIZE;
    if (patch->stages_lba == 0 || !range_ok(patch->stages_lba, bios_stages_sectors(patch), sectors)) {
        findings_add(findings, "stage 1", PATCH_FIELD(stages_lba), "looks for the stages at sector %lu of %lu",
                     patch->stages_lba, sectors);
        return false;
    }
    if (patch->stages_sectors == 0 || bios_stages_sectors(patch) > BIOS_STAGES_SIZE_MAX / BIOS_SECTOR_SIZE) {
        findings_add(findings, "stage 1", PATCH_FIELD(stages_sectors),
                     "looks for stages of %u sectors and an overlay of %u, not for 1 to %u together",
                     patch->stages_sectors, patch->overlay_sectors, BIOS_STAGES_SIZE_MAX / BIOS_SECTOR_SIZE);
        return false;
    }
    if (verify->has_table &&
        !stages_place_ok(verify, patch->stages_lba, patch->stages_lba + bios_stages_sectors(patch) - 1))
        findings_add(findings, "stage 1", PATCH_FIELD(stages_lba), "looks for the stages at sector %lu, %s",
                     patch->stages_lba, "which is no place for them in this partition table");
    return true;
}

/* The code is known only if the image was made by this version. Some firmware writes into the gap. */
static void check_code(struct verify *verify, const uint8_t *code)
{
    const uint8_t *ours = loader_stage1().data;
    for (uint32_t i = 0; i < BIOS_STAGE1_PATCH_OFFSET; i++) {
        bool gap = i >= BIOS_STAGE1_GAP_START && i < BIOS_STAGE1_GAP_END;
        if (gap || code[i] == ours[i])
            continue;
        findings_add(&verify->findings, "stage 1", i, "has the byte %#04x where this version's code has %#04x", code[i],
                     ours[i]);
        return;
    }
}

/* --- stages 2 to 4 ----------------------------------------------------------------------------------------------- */

static bool check_stages_header(struct verify *verify, const struct bios_stages_header *header,
                                const struct bios_stage1_patch *patch, uint64_t offset)
{
    struct findings *findings = &verify->findings;
    if (memcmp(header->magic, BIOS_STAGES_MAGIC, sizeof header->magic) != 0) {
        findings_add(findings, "stages", offset, "do not begin with \"%s\"", BIOS_STAGES_MAGIC);
        return false;
    }
    if (header->format != BIOS_STAGES_FORMAT) {
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, format), "have format %u, not %u",
                     header->format, BIOS_STAGES_FORMAT);
        return false;
    }
    if (header->size != patch->stages_sectors * BIOS_SECTOR_SIZE) {
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, size),
                     "have %u bytes, but stage 1 loads %u", header->size, patch->stages_sectors * BIOS_SECTOR_SIZE);
        return false;
    }
    if (header->image_id != patch->image_id)
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, image_id),
                     "belong to image %#x, stage 1 to %#x", header->image_id, patch->image_id);
    if (header->reserved[0] != 0 || header->reserved[1] != 0)
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, reserved),
                     "have %#x, %#x where 0 must be", header->reserved[0], header->reserved[1]);
    if (header->size <= BIOS_STAGES_PLAIN || header->packed_size > header->size - BIOS_STAGES_PLAIN ||
        header->packed_size > BIOS_PACKED_MAX)
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, packed_size),
                     "have %u packed bytes in %u", header->packed_size, header->size);
    uint32_t overlay = patch->overlay_sectors * BIOS_SECTOR_SIZE;
    if (header->overlay_packed_size > overlay || bios_overlay_room(header) != overlay) {
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, overlay_packed_size),
                     "have an overlay of %u packed bytes, but stage 1 tells of %u", header->overlay_packed_size,
                     overlay);
        return false;
    }
    return true;
}

static void check_sums(struct findings *findings, const struct bios_stages_header *header, const uint8_t *bytes,
                       uint64_t offset)
{
    uint32_t sum = bios_stages_sum(bytes + BIOS_STAGES_SUM_START, header->size - BIOS_STAGES_SUM_START);
    if (sum != header->sum)
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, sum),
                     "have the sum %#010x, but their bytes give %#010x", header->sum, sum);
    sum = bios_stages_sum(bytes + header->size, bios_overlay_room(header));
    if (sum != header->overlay_sum)
        findings_add(findings, "stages", offset + offsetof(struct bios_stages_header, overlay_sum),
                     "have an overlay with the sum %#010x, but its bytes give %#010x", header->overlay_sum, sum);
}

/* Returns whether they are the stages that this version of imgtool would write. */
static bool check_stages(struct verify *verify, const struct bios_stage1_patch *patch)
{
    struct bios_stages_header header;
    uint64_t offset = patch->stages_lba * BIOS_SECTOR_SIZE,
             size = bios_stages_sectors(patch) * (uint64_t)BIOS_SECTOR_SIZE;
    struct span ours = loader_stages();
    bool same = false;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        exit(failure_memory());
    if (verify_read(verify, "stages", offset, size, bytes)) {
        memcpy(&header, bytes, sizeof header);
        if (check_stages_header(verify, &header, patch, offset)) {
            check_sums(&verify->findings, &header, bytes, offset);
            same = size == ours.size &&
                   memcmp(bytes + sizeof header, ours.data + sizeof header, size - sizeof header) == 0;
        }
    }
    free(bytes);
    return same;
}

void verify_bios_loader(struct verify *verify)
{
    uint8_t code[BIOS_STAGE1_SIZE];
    struct boot_code *found = &verify->boot_code;
    struct error ignored;
    if (!verify_read(verify, "stage 1", 0, sizeof code, code) ||
        boot_code_read(&verify->files.image.block, 0, found, &ignored) != STATUS_OK)
        return;
    if (found->kind == BOOT_CODE_NONE)
        findings_add(&verify->findings, "stage 1", 0, "is not there: a BIOS can't boot this disk");
    else if (found->kind == BOOT_CODE_UEFI_ONLY)
        verify->without_bios = "the image was made for UEFI only";
    else if (found->kind == BOOT_CODE_FOREIGN)
        findings_add(&verify->findings, "stage 1", 0, "is not Stagecoach's: a BIOS starts another loader");
    else if (check_patch(verify, &found->patch) && check_stages(verify, &found->patch)) {
        verify->is_this_version = true;
        check_code(verify, code);
    }
}

/* --- UEFI -------------------------------------------------------------------------------------------------------- */

/* Where on the disk a byte of a file lies; the volume's start if its chain is damaged. */
static uint64_t file_offset(struct fat_file *file)
{
    const struct fat *fat = file->fat;
    bool has_cluster = file->first_cluster >= 2 && file->first_cluster - 2 < fat->cluster_count;
    return fat->start + (has_cluster ? fat->data_offset + (uint64_t)(file->first_cluster - 2) * fat->cluster_size : 0);
}

static void check_application(struct verify *verify, struct fat_file *file, const uint8_t *bytes)
{
    struct error error;
    struct pe_facts facts;
    struct span ours = loader_uefi(), found = {bytes, file->size};
    uint64_t at = 0;
    if (pe_read(found, found.size, &facts, &error) != STATUS_OK) {
        findings_add(&verify->findings, UEFI_LOADER_PATH, file_offset(file), "%s", error.text);
        return;
    }
    if (file->size != ours.size)
        return; /* another version, or signed */
    while (at < ours.size && bytes[at] == ours.data[at])
        at++;
    if (at < ours.size)
        findings_add(&verify->findings, UEFI_LOADER_PATH, file_offset(file),
                     "has the byte %#04x at %lu where this "
                     "version's loader of the same size has %#04x",
                     bytes[at], at, ours.data[at]);
}

static bool has_esp(const struct verify *verify)
{
    const struct partition_table *table = &verify->files.table;
    for (uint32_t i = 0; i < table->count; i++)
        if (boot_volume_is_esp(table, &table->partitions[i]))
            return true;
    return false;
}

/* An image that never had the UEFI loader has no directory for it either. */
static bool is_bios_only(struct verify *verify)
{
    struct fat_file directory;
    struct error error;
    if (has_esp(verify) || fat_open(&verify->files.fat, "/EFI/BOOT", &directory, &error) == STATUS_OK)
        return false;
    return boot_code_starts_bios(&verify->boot_code);
}

void verify_uefi_loader(struct verify *verify)
{
    struct fat_file file;
    struct error error;
    enum status status = fat_open(&verify->files.fat, UEFI_LOADER_PATH, &file, &error);
    if (status == STATUS_FILE_NOT_FOUND && is_bios_only(verify)) {
        verify->without_uefi = "the image was made for BIOS only";
        return;
    }
    if (status != STATUS_OK || (file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0 || file.size > PE_SIZE_MAX) {
        findings_add(&verify->findings, UEFI_LOADER_PATH, verify->files.fat.start,
                     "is not there: a UEFI firmware finds nothing to start");
        return;
    }
    uint8_t *bytes = malloc(file.size + 1u);
    if (bytes == NULL)
        exit(failure_memory());
    if (fat_read(&file, 0, file.size, bytes, &error) == STATUS_OK)
        check_application(verify, &file, bytes);
    else
        findings_add(&verify->findings, UEFI_LOADER_PATH, file_offset(&file), "%s", error.text);
    free(bytes);
    if (verify->files.table.kind != BOOT_DISK_UNKNOWN && !has_esp(verify))
        findings_add(&verify->findings, "partition table", offsetof(struct mbr, entries),
                     "has no EFI system partition: a UEFI firmware does not look for the loader that is there");
}
