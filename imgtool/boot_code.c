#include "boot_code.h"

#include "checked.h"
#include "loader_files.h"

#include <string.h>

#define ERROR_TEXT "BOOT-ERR" /* each of our boot sectors has it, since the first version */

static enum exit_code make(struct span stage1, const struct layout *layout, const struct ids *ids, uint8_t *code)
{
    bool bios = layout->stages.count != 0;
    struct span from = bios ? stage1 : loader_uefi_only();
    struct bios_stage1_patch patch = {.stages_lba = layout->stages.first, .image_id = ids->image_id};
    loader_stages_count(&patch);
    if (from.size != BIOS_STAGE1_SIZE)
        return failure(EXIT_FAILED, "bug: stage 1 has %lu bytes, not %u", from.size, BIOS_STAGE1_SIZE);
    memcpy(code, from.data, BIOS_STAGE1_SIZE);
    if (bios)
        memcpy(code + BIOS_STAGE1_PATCH_OFFSET, &patch, sizeof patch);
    return EXIT_OK;
}

enum exit_code boot_code_make(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE])
{
    return make(loader_stage1(), layout, ids, code);
}

enum exit_code boot_code_make_cd(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE])
{
    return make(loader_cd(), layout, ids, code);
}

/* Reads the header of what the patch names. False: there are no stages of ours. */
static bool find_stages(struct block *disk, struct boot_code *found)
{
    const struct bios_stage1_patch *patch = &found->patch;
    struct error ignored;
    return patch->stages_lba != 0 && patch->stages_sectors != 0 &&
           range_ok(patch->stages_lba, bios_stages_sectors(patch), disk->size / BIOS_SECTOR_SIZE) &&
           block_read(disk, patch->stages_lba * BIOS_SECTOR_SIZE, sizeof found->header, &found->header, &ignored) ==
               STATUS_OK &&
           memcmp(found->header.magic, BIOS_STAGES_MAGIC, sizeof found->header.magic) == 0;
}

enum status boot_code_read(struct block *disk, uint64_t offset, struct boot_code *code, struct error *error)
{
    static const uint8_t none[BIOS_STAGE1_SIZE];
    uint8_t bytes[BIOS_STAGE1_SIZE];
    enum status status = block_read(disk, offset, sizeof bytes, bytes, error);
    *code = (struct boot_code){.kind = BOOT_CODE_NONE};
    if (status != STATUS_OK)
        return status;
    memcpy(&code->patch, bytes + BIOS_STAGE1_PATCH_OFFSET, sizeof code->patch);
    bool stages = find_stages(disk, code);
    if (memcmp(bytes, none, sizeof bytes) == 0)
        code->kind = BOOT_CODE_NONE;
    else if (memcmp(&code->patch, BIOS_UEFI_ONLY_MAGIC, strlen(BIOS_UEFI_ONLY_MAGIC)) == 0)
        code->kind = BOOT_CODE_UEFI_ONLY;
    else if (stages && code->header.image_id == code->patch.image_id)
        code->kind = BOOT_CODE_STAGES;
    else if (stages || memmem(bytes, sizeof bytes, ERROR_TEXT, strlen(ERROR_TEXT)) != NULL)
        code->kind = BOOT_CODE_BROKEN;
    else
        code->kind = BOOT_CODE_FOREIGN;
    return STATUS_OK;
}

bool boot_code_starts_bios(const struct boot_code *code)
{
    return code->kind == BOOT_CODE_STAGES || code->kind == BOOT_CODE_BROKEN;
}
