/* The start info of Xen's PVH boot protocol (xen/include/public/arch-x86/hvm/start_info.h). */
#include "starter.h"

#define MAGIC 0x336ec578u
#define VERSION 4
#define MODULE_COUNT 12
#define MODULES 16
#define COMMAND_LINE 24
#define RSDP 32
#define MAP 40
#define MAP_COUNT 48
#define SIZE_VERSION_0 40u
#define SIZE_VERSION_1 56u

#define MODULE_SIZE 32u
#define MODULE_TEXT 16
#define RECORD_SIZE 24u

static enum status take_modules(const struct phys_view *view, const uint8_t *info, struct starter *starter,
                                struct error *error)
{
    uint32_t count = load32(info + MODULE_COUNT);
    if (count == 0)
        return STATUS_OK;
    const uint8_t *list =
        starter_take(starter, view, load64(info + MODULES), (uint64_t)count * MODULE_SIZE, "list of modules", error);
    if (list == NULL)
        return error->status;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++, list += MODULE_SIZE) {
        struct config_text text;
        status = starter_take_text(starter, view, load64(list + MODULE_TEXT), &text, "string of a module", error);
        if (status == STATUS_OK)
            status = starter_add_module(starter, load64(list), load64(list + 8), &text, error);
    }
    return status;
}

/* Version 0 has none: a hypercall of Xen's would tell, which no other VMM knows. */
static enum status take_map(const struct phys_view *view, const uint8_t *info, struct starter *starter,
                            struct error *error)
{
    uint64_t size = (uint64_t)load32(info + MAP_COUNT) * RECORD_SIZE;
    struct starter_map *map = &starter->map;
    if (size == 0)
        return STATUS_OK;
    *map = (struct starter_map){.kind = STARTER_MAP_RECORDS, .step = RECORD_SIZE};
    map->entries = (struct span){starter_take(starter, view, load64(info + MAP), size, "memory map", error), size};
    return map->entries.data != NULL ? STATUS_OK : error->status;
}

enum status start_info_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error)
{
    starter_init(starter, BOOT_SOURCE_PVH);
    const uint8_t *info = phys_view_at(view, phys, SIZE_VERSION_0);
    bool has_map = info != NULL && load32(info + VERSION) >= 1;
    info = starter_take(starter, view, phys, has_map ? SIZE_VERSION_1 : SIZE_VERSION_0, "PVH start info", error);
    if (info == NULL)
        return error->status;
    if (load32(info) != MAGIC)
        return error_set(error, STATUS_STARTER_INFO, "the PVH start info at %#llx has the magic number %#x, not %#x",
                         (unsigned long long)phys, load32(info), MAGIC);
    starter->rsdp_phys = load64(info + RSDP);
    enum status status =
        starter_take_text(starter, view, load64(info + COMMAND_LINE), &starter->command_line, "command line", error);
    if (status == STATUS_OK && has_map)
        status = take_map(view, info, starter, error);
    if (status == STATUS_OK)
        status = take_modules(view, info, starter, error);
    return status;
}
