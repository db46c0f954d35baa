#include "loader_files.h"

#include <stdlib.h>
#include <string.h>

extern const uint8_t embedded_stage1[], embedded_stage1_end[];
extern const uint8_t embedded_cd[], embedded_cd_end[];
extern const uint8_t embedded_uefi_only[], embedded_uefi_only_end[];
extern const uint8_t embedded_stages[], embedded_stages_end[];
extern const uint8_t embedded_direct[], embedded_direct_end[];
extern const uint8_t embedded_netboot[], embedded_netboot_end[];
extern const uint8_t embedded_uefi[], embedded_uefi_end[];
extern const uint8_t embedded_zstd[], embedded_zstd_end[];

static struct span between(const uint8_t *start, const uint8_t *end)
{
    return (struct span){start, (uint64_t)((uintptr_t)end - (uintptr_t)start)};
}

struct span loader_stage1(void)
{
    return between(embedded_stage1, embedded_stage1_end);
}

struct span loader_cd(void)
{
    return between(embedded_cd, embedded_cd_end);
}

struct span loader_uefi_only(void)
{
    return between(embedded_uefi_only, embedded_uefi_only_end);
}

struct span loader_stages(void)
{
    return between(embedded_stages, embedded_stages_end);
}

struct span loader_uefi(void)
{
    return between(embedded_uefi, embedded_uefi_end);
}

struct span loader_direct(void)
{
    return between(embedded_direct, embedded_direct_end);
}

struct span loader_netboot(void)
{
    return between(embedded_netboot, embedded_netboot_end);
}

struct span loader_zstd(void)
{
    return between(embedded_zstd, embedded_zstd_end);
}

void loader_stages_count(struct bios_stage1_patch *patch)
{
    struct span stages = loader_stages();
    struct bios_stages_header header;
    memcpy(&header, stages.data, sizeof header);
    patch->stages_sectors = (uint16_t)(header.size / BIOS_SECTOR_SIZE);
    patch->overlay_sectors = (uint16_t)(stages.size / BIOS_SECTOR_SIZE - patch->stages_sectors);
}

uint8_t *loader_stages_make(uint32_t image_id)
{
    struct span stages = loader_stages();
    struct bios_stages_header header;
    uint8_t *bytes = malloc(stages.size);
    if (bytes == NULL)
        return NULL;
    memcpy(bytes, stages.data, stages.size);
    memcpy(&header, bytes, sizeof header);
    header.image_id = image_id;
    header.sum = bios_stages_sum(bytes + BIOS_STAGES_SUM_START, header.size - BIOS_STAGES_SUM_START);
    memcpy(bytes, &header, sizeof header);
    return bytes;
}
