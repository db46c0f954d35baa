#include "image_iso.h"

#include "boot_code.h"
#include "iso_write.h"

#include <stdlib.h>

enum exit_code image_iso_plan(const struct fat_tree *files, struct iso_tree *tree)
{
    struct iso_node *nodes = calloc(files->count, sizeof *nodes);
    *tree = (struct iso_tree){0};
    if (nodes == NULL)
        return failure_memory();
    for (uint32_t i = 0; i < files->count; i++) {
        const struct fat_node *file = &files->nodes[i];
        nodes[i] = (struct iso_node){
            .name = file->name,
            .short_name = file->short_name,
            .parent = file->parent,
            .directory = file->directory,
            .extent_count = file->directory || file->size == 0 ? 0 : 1,
        };
    }
    return iso_tree_make(tree, nodes, files->count);
}

/* A new volume has each file in one piece. */
static void find_extents(const struct image_plan *plan, struct iso_extent *extents)
{
    const struct fat_tree *files = &plan->content->tree;
    uint64_t volume = plan->layout.esp.first * LAYOUT_SECTOR_SIZE;
    for (uint32_t i = 0; i < files->count; i++) {
        if (plan->iso->nodes[i].extent_count == 0)
            continue;
        uint64_t offset = fat_geometry_offset(&plan->geometry, plan->geometry.first_clusters[i]);
        extents[i] = (struct iso_extent){volume + offset, files->nodes[i].size};
        plan->iso->nodes[i].extents = &extents[i];
    }
}

enum exit_code image_iso_write(const struct image_plan *plan, int fd, const char *to)
{
    uint8_t boot_code[BIOS_STAGE1_SIZE], *area;
    struct iso_extent *extents = calloc(plan->content->tree.count, sizeof *extents);
    struct iso_volume volume = {
        .tree = plan->iso,
        .image_size = plan->layout.sectors * LAYOUT_SECTOR_SIZE,
        .time = plan->time,
        .boot_code = boot_code,
        .boot_code_size = sizeof boot_code,
        .esp_offset = plan->layout.esp.first * LAYOUT_SECTOR_SIZE,
        .esp_size = plan->uefi ? plan->layout.esp.count * LAYOUT_SECTOR_SIZE : 0,
    };
    if (extents == NULL)
        return failure_memory();
    find_extents(plan, extents);
    enum exit_code code = boot_code_make_cd(&plan->layout, &plan->ids, boot_code);
    if (code == EXIT_OK)
        code = iso_area_make(&volume, &area);
    if (code == EXIT_OK) {
        code = host_write(fd, ISO_AREA_OFFSET, area, iso_area_size(plan->iso), to);
        free(area);
    }
    free(extents);
    return code;
}
