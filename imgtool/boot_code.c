#include "boot_code.h"

#include "loader_files.h"

#include <string.h>

static enum exit_code make(struct span stage1, const struct layout *layout, const struct ids *ids, uint8_t *code)
{
    bool bios = layout->stages.count != 0;
    struct span from = bios ? stage1 : loader_uefi_only();
    struct bios_stage1_patch patch = {
        .stages_lba = layout->stages.first,
        .image_id = ids->image_id,
        .stages_sectors = (uint16_t)layout->stages.count,
    };
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
