#include "image_write.h"

#include "boot_code.h"
#include "gpt_write.h"
#include "image_iso.h"
#include "loader_files.h"
#include "mbr_write.h"

#include <stdlib.h>
#include <string.h>

static enum exit_code write_stages(const struct image_plan *plan, int fd, const char *to)
{
    uint8_t *bytes = loader_stages_make(plan->ids.image_id);
    if (bytes == NULL)
        return failure_memory();
    enum exit_code code =
        host_write(fd, plan->layout.stages.first * LAYOUT_SECTOR_SIZE, bytes, loader_stages().size, to);
    free(bytes);
    return code;
}

static enum exit_code write_run(const struct image_plan *plan, const struct fat_run *run, int fd, const char *to)
{
    const struct fat_geometry *geometry = &plan->geometry;
    const struct fat_node *node = &plan->content->tree.nodes[run->node];
    const struct image_item *item = &plan->content->items[node->content];
    uint64_t offset = plan->layout.esp.first * LAYOUT_SECTOR_SIZE + fat_geometry_offset(geometry, run->first);
    uint64_t size = (uint64_t)run->count * geometry->sectors_per_cluster * FAT_SECTOR_SIZE;
    if (size > node->size - run->offset)
        size = node->size - run->offset;
    if (item->bytes.data != NULL)
        return host_write(fd, offset, item->bytes.data + run->offset, size, to);
    return host_file_copy_part(&item->file, run->offset, size, fd, offset, to);
}

static enum exit_code write_files(const struct image_plan *plan, int fd, const char *to)
{
    enum exit_code code = EXIT_OK;
    for (uint32_t i = 0; i < plan->geometry.run_count && code == EXIT_OK; i++)
        if (!plan->content->tree.nodes[plan->geometry.runs[i].node].directory)
            code = write_run(plan, &plan->geometry.runs[i], fd, to);
    return code;
}

static enum exit_code write_partitions(const struct image_plan *plan, int fd, const char *to)
{
    const struct layout *layout = &plan->layout;
    enum exit_code code = EXIT_OK;
    for (uint32_t i = 0; i < layout->extra_count && code == EXIT_OK; i++)
        code = host_file_copy(&plan->partitions[i].file, fd, layout->extra[i].first * LAYOUT_SECTOR_SIZE, to);
    return code;
}

static enum exit_code write_volume(const struct image_plan *plan, const uint8_t *boot_code, int fd, const char *to)
{
    struct fat_volume volume = {
        .tree = &plan->content->tree,
        .geometry = &plan->geometry,
        .offset = plan->layout.esp.first * LAYOUT_SECTOR_SIZE,
        .volume_id = plan->ids.volume_id,
        .stamp = plan->stamp,
        .boot_code = boot_code,
    };
    enum exit_code code = fat_write(&volume, fd, to);
    return code == EXIT_OK ? write_files(plan, fd, to) : code;
}

enum exit_code image_write(const struct image_plan *plan, int fd, const char *to)
{
    uint8_t boot_code[BIOS_STAGE1_SIZE];
    bool bare = plan->layout.table == LAYOUT_NONE;
    enum exit_code code = boot_code_make(&plan->layout, &plan->ids, boot_code);
    if (code == EXIT_OK && !bare)
        code = mbr_write(plan, boot_code, fd, to);
    if (code == EXIT_OK && plan->layout.table == LAYOUT_GPT)
        code = gpt_write(plan, fd, to);
    if (code == EXIT_OK)
        code = write_volume(plan, bare ? boot_code : NULL, fd, to);
    if (code == EXIT_OK && plan->iso != NULL)
        code = image_iso_write(plan, fd, to);
    if (code == EXIT_OK && plan->layout.stages.count != 0)
        code = write_stages(plan, fd, to);
    return code == EXIT_OK ? write_partitions(plan, fd, to) : code;
}
