#include "starter.h"

#include "efi_memory.h"
#include "memory_source.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define RECORD_SIZE 20u
#define MULTIBOOT1_SIZE_FIELD 4u
#define FRAMEBUFFER_RGB 1u

void starter_init(struct starter *starter, uint32_t boot_source)
{
    memset(starter, 0, sizeof *starter);
    starter->boot_source = boot_source;
    starter->loader = starter->command_line = (struct config_text){"", 0};
}

static enum status note_in_use(struct starter *starter, uint64_t phys, uint64_t size, struct error *error)
{
    if (starter->in_use_count == STARTER_RANGES_MAX)
        return error_set(error, STATUS_STARTER_INFO, "more than %u pieces of memory are in use", STARTER_RANGES_MAX);
    starter->in_use[starter->in_use_count++] = (struct starter_range){phys, size};
    return STATUS_OK;
}

const uint8_t *starter_take(struct starter *starter, const struct phys_view *view, uint64_t phys, uint64_t size,
                            const char *what, struct error *error)
{
    const uint8_t *bytes = phys_view_at(view, phys, size);
    if (bytes == NULL) {
        error_set(error, STATUS_STARTER_INFO, "%s: %llu bytes at %#llx, where nothing of it can be", what,
                  (unsigned long long)size, (unsigned long long)phys);
        return NULL;
    }
    return note_in_use(starter, phys, size, error) == STATUS_OK ? bytes : NULL;
}

enum status starter_take_text(struct starter *starter, const struct phys_view *view, uint64_t phys,
                              struct config_text *text, const char *what, struct error *error)
{
    *text = (struct config_text){"", 0};
    if (phys == 0)
        return STATUS_OK;
    uint32_t size = 0;
    const uint8_t *byte = phys_view_at(view, phys, 1);
    while (byte != NULL && *byte != 0 && size < STARTER_TEXT_MAX)
        byte = phys_view_at(view, phys + ++size, 1);
    if (byte == NULL || *byte != 0)
        return error_set(error, STATUS_STARTER_INFO, "%s: no end within %u bytes from %#llx", what, STARTER_TEXT_MAX,
                         (unsigned long long)phys);
    text->text = (const char *)starter_take(starter, view, phys, size + 1u, what, error);
    text->size = size;
    return text->text != NULL ? STATUS_OK : error->status;
}

enum status starter_add_module(struct starter *starter, uint64_t phys, uint64_t size, const struct config_text *text,
                               struct error *error)
{
    uint64_t end;
    if (size == 0)
        return STATUS_OK;
    if (!add_ok(phys, size, &end))
        return error_set(error, STATUS_STARTER_INFO, "module %u: %llu bytes at %#llx", starter->module_count,
                         (unsigned long long)size, (unsigned long long)phys);
    if (starter->module_count == STARTER_MODULES_MAX)
        return error_set(error, STATUS_STARTER_INFO, "more than %u modules", STARTER_MODULES_MAX);
    starter->modules[starter->module_count++] = (struct starter_module){phys, size, *text};
    return note_in_use(starter, phys, size, error);
}

/* Each colour has bits of its own inside the pixel. */
static bool has_colours(const uint8_t *colours, uint32_t bits_per_pixel)
{
    uint64_t taken = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t shift = colours[2 * i], size = colours[2 * i + 1];
        if (size == 0 || shift + size > bits_per_pixel)
            return false;
        uint64_t mask = ((1ull << size) - 1) << shift;
        if (taken & mask)
            return false;
        taken |= mask;
    }
    return true;
}

bool starter_set_framebuffer(struct starter *starter, const uint8_t *at, const uint8_t *colours)
{
    struct boot_framebuffer framebuffer = {
        .phys = load64(at),
        .pitch = load32(at + 8),
        .width = load32(at + 12),
        .height = load32(at + 16),
        .bits_per_pixel = at[20],
        .red_shift = colours[0],
        .red_size = colours[1],
        .green_shift = colours[2],
        .green_size = colours[3],
        .blue_shift = colours[4],
        .blue_size = colours[5],
    };
    uint64_t end;
    framebuffer.size = (uint64_t)framebuffer.pitch * framebuffer.height;
    if (at[21] != FRAMEBUFFER_RGB || (framebuffer.bits_per_pixel != 24 && framebuffer.bits_per_pixel != 32) ||
        framebuffer.phys == 0 || framebuffer.width == 0 || framebuffer.height == 0 ||
        framebuffer.pitch < (uint64_t)framebuffer.width * framebuffer.bits_per_pixel / 8 ||
        !add_ok(framebuffer.phys, framebuffer.size, &end) || !has_colours(colours, framebuffer.bits_per_pixel))
        return false;
    starter->framebuffer = framebuffer;
    return true;
}

/* --- memory map -------------------------------------------------------------------------------------------------- */

static void read_record(const uint8_t *at, struct starter_region *region)
{
    uint32_t type = load32(at + 16);
    *region = (struct starter_region){load64(at), load64(at + 8), memory_type_of_e820(type), type};
}

static void read_descriptor(const uint8_t *at, struct starter_region *region)
{
    struct efi_memory_descriptor descriptor;
    memcpy(&descriptor, at, sizeof descriptor);
    *region =
        (struct starter_region){descriptor.phys, 0, efi_memory_type(&descriptor, BOOT_MEMORY_USABLE), descriptor.type};
    if (!mul_ok(descriptor.pages, PAGE_SIZE, &region->size))
        region->size = UINT64_MAX;
}

static bool next_basic(const struct starter_map *map, uint64_t place, struct starter_region *region)
{
    *region = place == 0 ? (struct starter_region){0, map->lower_kib * KIB, BOOT_MEMORY_USABLE, 1}
                         : (struct starter_region){MIB, map->upper_kib * KIB, BOOT_MEMORY_USABLE, 1};
    return place < 2;
}

bool starter_map_next(const struct starter_map *map, uint64_t *place, struct starter_region *region)
{
    if (map->kind == STARTER_MAP_NONE)
        return false;
    if (map->kind == STARTER_MAP_BASIC)
        return next_basic(map, (*place)++, region);
    uint64_t step = map->step, need = map->kind == STARTER_MAP_EFI ? sizeof(struct efi_memory_descriptor) : RECORD_SIZE;
    const uint8_t *at = map->entries.data + *place;
    uint64_t left = map->entries.size - *place;
    if (map->kind == STARTER_MAP_MULTIBOOT1 && left >= MULTIBOOT1_SIZE_FIELD) {
        step = (uint64_t)load32(at) + MULTIBOOT1_SIZE_FIELD;
        need = RECORD_SIZE + MULTIBOOT1_SIZE_FIELD;
        at += MULTIBOOT1_SIZE_FIELD;
    }
    if (step < need || left < need)
        return false;
    if (map->kind == STARTER_MAP_EFI)
        read_descriptor(at, region);
    else
        read_record(at, region);
    *place += step < left ? step : left;
    return true;
}
