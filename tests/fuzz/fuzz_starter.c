/* Behind one byte that chooses the protocol: memory with a starter's information at its start. */
#include "fuzz.h"

#include "starter.h"

#define BASE 0x1000u

static void expect_inside(const void *start, uint64_t size, const uint8_t *data, size_t room)
{
    const uint8_t *bytes = start;
    FUZZ_ASSERT(size == 0 || (bytes >= data && size <= room && (uint64_t)(bytes - data) <= room - size));
}

/* A list ends, and every entry moves on. */
static void walk(const struct starter_map *map)
{
    struct starter_region region;
    uint64_t place = 0, before = 0;
    while (starter_map_next(map, &place, &region)) {
        FUZZ_ASSERT(place > before);
        before = place;
    }
}

static void check(const struct starter *starter, const uint8_t *data, size_t size)
{
    expect_inside(starter->command_line.text, starter->command_line.size, data, size);
    expect_inside(starter->loader.text, starter->loader.size, data, size);
    expect_inside(starter->rsdp_copy.data, starter->rsdp_copy.size, data, size);
    expect_inside(starter->map.entries.data, starter->map.entries.size, data, size);
    expect_inside(starter->efi_map.entries.data, starter->efi_map.entries.size, data, size);
    FUZZ_ASSERT(starter->module_count <= STARTER_MODULES_MAX && starter->in_use_count <= STARTER_RANGES_MAX);
    for (uint32_t i = 0; i < starter->module_count; i++) {
        const struct starter_module *module = &starter->modules[i];
        expect_inside(module->text.text, module->text.size, data, size);
        FUZZ_ASSERT(module->size > 0 && module->phys <= UINT64_MAX - module->size);
    }
    const struct boot_framebuffer *framebuffer = &starter->framebuffer;
    FUZZ_ASSERT(framebuffer->phys == 0 || (framebuffer->size > 0 && framebuffer->red_size > 0 &&
                                           framebuffer->phys <= UINT64_MAX - framebuffer->size));
    walk(&starter->map);
    walk(&starter->efi_map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum status (*const parsers[])(const struct phys_view *, uint64_t, struct starter *,
                                          struct error *) = {multiboot1_parse, multiboot2_parse, start_info_parse};
    static struct starter starter;
    struct error error;
    if (size == 0)
        return 0;
    const struct phys_view view = {data + 1, BASE, size - 1};
    enum status status = parsers[data[0] % 3](&view, BASE, &starter, &error);
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    else
        check(&starter, data + 1, size - 1);
    return 0;
}
