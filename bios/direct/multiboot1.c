/* The information structure of Multiboot 1 (Multiboot Specification 0.6.96, 3.3). */
#include "starter.h"

#define FLAGS 0
#define MEMORY_LOWER 4
#define MEMORY_UPPER 8
#define COMMAND_LINE 16
#define MODULE_COUNT 20
#define MODULES 24
#define MAP_SIZE 44
#define MAP 48
#define LOADER_NAME 64
#define FRAMEBUFFER 88
#define FRAMEBUFFER_COLOURS 110
#define FRAMEBUFFER_COLOURS_GRUB 112 /* GRUB 2's structure has two bytes of padding before them */
#define SIZE_MIN 88u                 /* without the framebuffer, which old loaders do not know */
#define SIZE_FULL 118u

#define HAS_MEMORY (1u << 0)
#define HAS_COMMAND_LINE (1u << 2)
#define HAS_MODULES (1u << 3)
#define HAS_MAP (1u << 6)
#define HAS_LOADER_NAME (1u << 9)
#define HAS_FRAMEBUFFER (1u << 12)

#define MODULE_SIZE 16u

static enum status take_modules(const struct phys_view *view, const uint8_t *info, struct starter *starter,
                                struct error *error)
{
    uint32_t count = load32(info + MODULE_COUNT);
    if (count == 0)
        return STATUS_OK;
    const uint8_t *list =
        starter_take(starter, view, load32(info + MODULES), (uint64_t)count * MODULE_SIZE, "list of modules", error);
    if (list == NULL)
        return error->status;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++, list += MODULE_SIZE) {
        uint32_t start = load32(list), end = load32(list + 4);
        struct config_text text;
        status = starter_take_text(starter, view, load32(list + 8), &text, "string of a module", error);
        if (status == STATUS_OK && end < start)
            status =
                error_set(error, STATUS_STARTER_INFO, "module %u ends at %#x, before its start %#x", i, end, start);
        if (status == STATUS_OK)
            status = starter_add_module(starter, start, end - start, &text, error);
    }
    return status;
}

static enum status take_map(const struct phys_view *view, const uint8_t *info, uint32_t flags, struct starter *starter,
                            struct error *error)
{
    struct starter_map *map = &starter->map;
    if (flags & HAS_MAP) {
        uint32_t size = load32(info + MAP_SIZE);
        *map = (struct starter_map){.kind = STARTER_MAP_MULTIBOOT1};
        map->entries = (struct span){starter_take(starter, view, load32(info + MAP), size, "memory map", error), size};
        return map->entries.data != NULL ? STATUS_OK : error->status;
    }
    if (flags & HAS_MEMORY)
        *map = (struct starter_map){.kind = STARTER_MAP_BASIC,
                                    .lower_kib = load32(info + MEMORY_LOWER),
                                    .upper_kib = load32(info + MEMORY_UPPER)};
    return STATUS_OK;
}

static enum status take_texts(const struct phys_view *view, const uint8_t *info, uint32_t flags,
                              struct starter *starter, struct error *error)
{
    uint32_t loader = flags & HAS_LOADER_NAME ? load32(info + LOADER_NAME) : 0;
    uint32_t line = flags & HAS_COMMAND_LINE ? load32(info + COMMAND_LINE) : 0;
    enum status status = starter_take_text(starter, view, loader, &starter->loader, "name of the loader", error);
    if (status == STATUS_OK)
        status = starter_take_text(starter, view, line, &starter->command_line, "command line", error);
    return status;
}

enum status multiboot1_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error)
{
    starter_init(starter, BOOT_SOURCE_MULTIBOOT1);
    const uint8_t *info = starter_take(starter, view, phys, SIZE_MIN, "Multiboot information", error);
    if (info == NULL)
        return error->status;
    uint32_t flags = load32(info + FLAGS);
    if (flags & HAS_FRAMEBUFFER) {
        info = starter_take(starter, view, phys, SIZE_FULL, "Multiboot information", error);
        if (info == NULL)
            return error->status;
        if (!starter_set_framebuffer(starter, info + FRAMEBUFFER, info + FRAMEBUFFER_COLOURS))
            starter_set_framebuffer(starter, info + FRAMEBUFFER, info + FRAMEBUFFER_COLOURS_GRUB);
    }
    enum status status = take_texts(view, info, flags, starter, error);
    if (status == STATUS_OK)
        status = take_map(view, info, flags, starter, error);
    if (status == STATUS_OK && (flags & HAS_MODULES))
        status = take_modules(view, info, starter, error);
    return status;
}
