/* What the parsers of Multiboot 1, Multiboot 2 and PVH make of sound information, and of information that lies. */
#include "../cmocka_all.h"

#include "starter.h"

#include <string.h>

#define BASE 0x5000u
#define SIZE 0x4000u
#define MODULE 0x40000000u /* content is not looked at */

static uint8_t memory[SIZE];
static struct starter starter;
static struct error error;

static struct phys_view view(void)
{
    return (struct phys_view){memory, BASE, SIZE};
}

static void put(uint32_t phys, uint64_t value, size_t size)
{
    memcpy(memory + (phys - BASE), &value, size);
}

static void put_text(uint32_t phys, const char *text)
{
    memcpy(memory + (phys - BASE), text, strlen(text) + 1);
}

static void expect_text(const struct config_text *text, const char *wanted)
{
    assert_int_equal(text->size, strlen(wanted));
    assert_memory_equal(text->text, wanted, text->size);
}

static void expect_in_use(uint64_t phys, uint64_t size)
{
    for (uint32_t i = 0; i < starter.in_use_count; i++)
        if (starter.in_use[i].phys == phys && starter.in_use[i].size == size)
            return;
    fail_msg("%#lx, %#lx bytes: not marked as in use", phys, size);
}

static void expect_region(uint64_t *place, uint64_t phys, uint64_t size, uint32_t type)
{
    struct starter_region region;
    assert_true(starter_map_next(&starter.map, place, &region));
    assert_int_equal(region.phys, phys);
    assert_int_equal(region.size, size);
    assert_int_equal(region.type, type);
}

static void expect_map_end(uint64_t place)
{
    struct starter_region region;
    assert_false(starter_map_next(&starter.map, &place, &region));
}

static int clear(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    memset(&starter, 0xaa, sizeof starter);
    return 0;
}

/* --- Multiboot 1 ------------------------------------------------------------------------------------------------- */

static enum status parse1(void)
{
    const struct phys_view all = view();
    return multiboot1_parse(&all, BASE, &starter, &error);
}

static void expect_refusal(enum status status, const char *part)
{
    assert_int_equal(status, STATUS_STARTER_INFO);
    assert_int_equal(error.status, STATUS_STARTER_INFO);
    assert_non_null(strstr(error.text, part));
}

static void multiboot1_full(void **state)
{
    (void)state;
    put(BASE, 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9 | 1 << 12, 4);
    put(BASE + 16, BASE + 0x200, 4);
    put_text(BASE + 0x200, "os.elf quiet");
    put(BASE + 64, BASE + 0x300, 4);
    put_text(BASE + 0x300, "qemu");
    put(BASE + 20, 2, 4);
    put(BASE + 24, BASE + 0x400, 4);
    put(BASE + 0x400, MODULE, 4);
    put(BASE + 0x404, MODULE + 10, 4);
    put(BASE + 0x408, BASE + 0x500, 4);
    put_text(BASE + 0x500, "a kernel");
    put(BASE + 0x410, MODULE, 4); /* an empty one, without a string */
    put(BASE + 0x414, MODULE, 4);
    put(BASE + 44, 48, 4);
    put(BASE + 48, BASE + 0x600, 4);
    put(BASE + 0x600, 20, 4);
    put(BASE + 0x604, 0, 8);
    put(BASE + 0x60c, 0x9f000, 8);
    put(BASE + 0x614, 1, 4);
    put(BASE + 0x618, 20, 4);
    put(BASE + 0x61c, 0x100000000ull, 8);
    put(BASE + 0x624, 0x1000, 8);
    put(BASE + 0x62c, 7, 4);
    put(BASE + 88, 0xe0000000u, 8);
    put(BASE + 96, 3200, 4);
    put(BASE + 100, 800, 4);
    put(BASE + 104, 600, 4);
    put(BASE + 108, 32 | 1 << 8, 2);
    put(BASE + 110, 0x080008080810ull, 6);
    assert_int_equal(parse1(), STATUS_OK);
    assert_int_equal(starter.boot_source, BOOT_SOURCE_MULTIBOOT1);
    expect_text(&starter.command_line, "os.elf quiet");
    expect_text(&starter.loader, "qemu");
    assert_int_equal(starter.module_count, 1);
    assert_int_equal(starter.modules[0].phys, MODULE);
    assert_int_equal(starter.modules[0].size, 10);
    expect_text(&starter.modules[0].text, "a kernel");
    assert_int_equal(starter.framebuffer.phys, 0xe0000000u);
    assert_int_equal(starter.framebuffer.size, 3200 * 600);
    assert_int_equal(starter.framebuffer.red_shift, 16);
    assert_int_equal(starter.framebuffer.blue_size, 8);
    uint64_t place = 0;
    expect_region(&place, 0, 0x9f000, BOOT_MEMORY_USABLE);
    expect_region(&place, 0x100000000ull, 0x1000, BOOT_MEMORY_PERSISTENT);
    expect_map_end(place);
    expect_in_use(BASE, 118);
    expect_in_use(BASE + 0x200, sizeof "os.elf quiet");
    expect_in_use(BASE + 0x400, 32);
    expect_in_use(BASE + 0x600, 48);
    expect_in_use(MODULE, 10);
}

/* GRUB 2's structure has two bytes more before the colours. */
static void multiboot1_framebuffer_of_grub(void **state)
{
    (void)state;
    put(BASE, 1 << 12, 4);
    put(BASE + 88, 0xe0000000u, 8);
    put(BASE + 96, 2400, 4);
    put(BASE + 100, 800, 4);
    put(BASE + 104, 600, 4);
    put(BASE + 108, 24 | 1 << 8, 2);
    put(BASE + 112, 0x080008080810ull, 6);
    assert_int_equal(parse1(), STATUS_OK);
    assert_int_equal(starter.framebuffer.red_shift, 16);
    assert_int_equal(starter.framebuffer.green_size, 8);
    put(BASE + 109, 2, 1); /* text */
    assert_int_equal(parse1(), STATUS_OK);
    assert_int_equal(starter.framebuffer.phys, 0);
}

static void multiboot1_old_memory(void **state)
{
    (void)state;
    put(BASE, 1 << 0, 4);
    put(BASE + 4, 639, 4);
    put(BASE + 8, 65536, 4);
    assert_int_equal(parse1(), STATUS_OK);
    uint64_t place = 0;
    expect_region(&place, 0, 639 << 10, BOOT_MEMORY_USABLE);
    expect_region(&place, 1 << 20, 64 << 20, BOOT_MEMORY_USABLE);
    expect_map_end(place);
}

static void multiboot1_lies(void **state)
{
    (void)state;
    put(BASE, 1 << 2, 4);
    put(BASE + 16, 0xfffffff0u, 4);
    expect_refusal(parse1(), "command line");
    memset(memory + 0x1000, 'x', SIZE - 0x1000);
    put(BASE + 16, BASE + 0x1000, 4);
    expect_refusal(parse1(), "no end");
    put(BASE, 1 << 3, 4);
    put(BASE + 20, 0xffffffffu, 4);
    put(BASE + 24, BASE + 0x100, 4);
    expect_refusal(parse1(), "list of modules");
    put(BASE + 20, 1, 4);
    put(BASE + 0x100, 0x2000, 4);
    put(BASE + 0x104, 0x1000, 4);
    expect_refusal(parse1(), "before its start");
    put(BASE, 1 << 6, 4);
    put(BASE + 44, SIZE, 4);
    put(BASE + 48, BASE + 1, 4);
    expect_refusal(parse1(), "memory map");
    const struct phys_view all = view();
    expect_refusal(multiboot1_parse(&all, 0, &starter, &error), "Multiboot information");
    expect_refusal(multiboot1_parse(&all, BASE + SIZE - 40, &starter, &error), "Multiboot information");
}

static void multiboot1_too_many_modules(void **state)
{
    (void)state;
    put(BASE, 1 << 3, 4);
    put(BASE + 20, STARTER_MODULES_MAX + 1, 4);
    put(BASE + 24, BASE + 0x100, 4);
    for (uint32_t i = 0; i <= STARTER_MODULES_MAX; i++) {
        put(BASE + 0x100 + 16 * i, MODULE, 4);
        put(BASE + 0x104 + 16 * i, MODULE + 1, 4);
    }
    expect_refusal(parse1(), "modules");
    put(BASE + 20, STARTER_MODULES_MAX, 4);
    assert_int_equal(parse1(), STATUS_OK);
}

/* --- Multiboot 2 ------------------------------------------------------------------------------------------------- */

static uint32_t tag_end;

static uint32_t add_tag(uint32_t type, uint32_t size)
{
    uint32_t at = tag_end;
    put(at, type, 4);
    put(at + 4, size, 4);
    tag_end = (at + size + 7) & ~7u;
    return at;
}

static enum status parse2(void)
{
    const struct phys_view all = view();
    add_tag(0, 8);
    put(BASE, tag_end - BASE, 4);
    return multiboot2_parse(&all, BASE, &starter, &error);
}

static void multiboot2_full(void **state)
{
    (void)state;
    tag_end = BASE + 8;
    put_text(add_tag(1, 8 + 6) + 8, "quiet");
    put_text(add_tag(2, 8 + 10) + 8, "GRUB 2.06");
    uint32_t tag = add_tag(3, 16 + 7);
    put(tag + 8, MODULE, 4);
    put(tag + 12, MODULE + 77, 4);
    put_text(tag + 16, "kernel");
    tag = add_tag(6, 16 + 2 * 24);
    put(tag + 8, 24, 4);
    put(tag + 16, 0x100000, 8);
    put(tag + 24, 0x7000000, 8);
    put(tag + 32, 1, 4);
    put(tag + 40, 0xf0000, 8);
    put(tag + 48, 0x10000, 8);
    put(tag + 56, 2, 4);
    tag = add_tag(8, 38);
    put(tag + 8, 0xc0000000u, 8);
    put(tag + 16, 4096, 4);
    put(tag + 20, 1024, 4);
    put(tag + 24, 768, 4);
    put(tag + 28, 32 | 1 << 8, 2);
    put(tag + 32, 0x080008080810ull, 6);
    put_text(add_tag(14, 28) + 8, "old");
    put_text(add_tag(15, 44) + 8, "new");
    put(add_tag(12, 16) + 8, 0x12345678, 8);
    add_tag(99, 8); /* of a later edition */
    assert_int_equal(parse2(), STATUS_OK);
    assert_int_equal(starter.boot_source, BOOT_SOURCE_MULTIBOOT2);
    expect_text(&starter.command_line, "quiet");
    expect_text(&starter.loader, "GRUB 2.06");
    assert_int_equal(starter.module_count, 1);
    assert_int_equal(starter.modules[0].size, 77);
    expect_text(&starter.modules[0].text, "kernel");
    assert_int_equal(starter.framebuffer.width, 1024);
    assert_int_equal(starter.rsdp_copy.size, 36);
    assert_string_equal((const char *)starter.rsdp_copy.data, "new");
    assert_int_equal(starter.efi_system_table_phys, 0x12345678);
    assert_int_equal(starter.efi_map.kind, STARTER_MAP_NONE);
    uint64_t place = 0;
    expect_region(&place, 0x100000, 0x7000000, BOOT_MEMORY_USABLE);
    expect_region(&place, 0xf0000, 0x10000, BOOT_MEMORY_RESERVED);
    expect_map_end(place);
    expect_in_use(BASE, tag_end - BASE);
    expect_in_use(MODULE, 77);
}

/* UEFI's own map goes before the one that was made of it. */
static void multiboot2_efi_map(void **state)
{
    (void)state;
    tag_end = BASE + 8;
    uint32_t tag = add_tag(17, 16 + 2 * 48);
    put(tag + 8, 48, 4);
    put(tag + 12, 1, 4);
    put(tag + 16, 4, 4); /* boot services' data */
    put(tag + 24, 0x100000, 8);
    put(tag + 40, 16, 8);
    put(tag + 48, 8, 8); /* write-back */
    put(tag + 64, 5, 4); /* runtime services' code */
    put(tag + 72, 0x200000, 8);
    put(tag + 88, 0x0100000000000000ull, 8); /* more bytes than a number can say */
    tag = add_tag(6, 16 + 24);
    put(tag + 8, 24, 4);
    put(tag + 24, 0x7000000, 8);
    put(tag + 32, 1, 4);
    assert_int_equal(parse2(), STATUS_OK);
    assert_int_equal(starter.efi_map_version, 1);
    assert_int_equal(starter.efi_map.entries.size, 96);
    uint64_t place = 0;
    expect_region(&place, 0x100000, 0x10000, BOOT_MEMORY_USABLE);
    expect_region(&place, 0x200000, UINT64_MAX, BOOT_MEMORY_EFI_RUNTIME_CODE);
    expect_map_end(place);
}

static void multiboot2_lies(void **state)
{
    (void)state;
    const struct phys_view all = view();
    static const uint32_t sizes[][2] = {{3, 15}, {6, 15}, {4, 15},          {12, 15}, {17, 8},
                                        {1, 7},  {1, 0},  {1, 0xffffffffu}, {1, SIZE}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        memset(memory, 0, sizeof memory);
        put(BASE, 64, 4);
        put(BASE + 8, sizes[i][0], 4);
        put(BASE + 12, sizes[i][1], 4);
        expect_refusal(multiboot2_parse(&all, BASE, &starter, &error), "tag");
    }
    memset(memory, 0, sizeof memory);
    put(BASE, 8, 4); /* no end tag */
    expect_refusal(multiboot2_parse(&all, BASE, &starter, &error), "no end");
    put(BASE, SIZE + 8, 4);
    expect_refusal(multiboot2_parse(&all, BASE, &starter, &error), "Multiboot2 information");
    tag_end = BASE + 8;
    put(add_tag(3, 17) + 8, MODULE, 4); /* ends at 0 */
    expect_refusal(parse2(), "before its start");
}

/* A step that is too small, or the bytes too few, ends the list. */
static void map_steps(void **state)
{
    (void)state;
    struct starter_region region;
    uint64_t place = 0;
    struct starter_map map = {.kind = STARTER_MAP_RECORDS, .entries = {memory, 48}, .step = 0};
    assert_false(starter_map_next(&map, &place, &region));
    map.step = 19;
    assert_false(starter_map_next(&map, &place, &region));
    map.step = 0xffffffffu;
    assert_true(starter_map_next(&map, &place, &region));
    assert_false(starter_map_next(&map, &place, &region));
    place = 0;
    map = (struct starter_map){.kind = STARTER_MAP_RECORDS, .entries = {memory, 39}, .step = 20};
    assert_true(starter_map_next(&map, &place, &region));
    assert_false(starter_map_next(&map, &place, &region));
    place = 0;
    map = (struct starter_map){.kind = STARTER_MAP_MULTIBOOT1, .entries = {memory, 24}};
    put(BASE, 19, 4);
    assert_false(starter_map_next(&map, &place, &region));
    put(BASE, 0xffffffffu, 4);
    assert_true(starter_map_next(&map, &place, &region));
    assert_false(starter_map_next(&map, &place, &region));
    map.entries.size = 3;
    place = 0;
    assert_false(starter_map_next(&map, &place, &region));
}

/* --- PVH --------------------------------------------------------------------------------------------------------- */

static enum status parse_pvh(void)
{
    const struct phys_view all = view();
    return start_info_parse(&all, BASE, &starter, &error);
}

static void pvh_full(void **state)
{
    (void)state;
    put(BASE, 0x336ec578u, 4);
    put(BASE + 4, 1, 4);
    put(BASE + 12, 1, 4);
    put(BASE + 16, BASE + 0x100, 8);
    put(BASE + 24, BASE + 0x200, 8);
    put(BASE + 32, 0xf5a40, 8);
    put(BASE + 40, BASE + 0x300, 8);
    put(BASE + 48, 2, 4);
    put(BASE + 0x100, 0x140000000ull, 8);
    put(BASE + 0x108, 0x1234, 8);
    put_text(BASE + 0x200, "quiet");
    put(BASE + 0x308, 0x9fc00, 8);
    put(BASE + 0x310, 1, 4);
    assert_int_equal(parse_pvh(), STATUS_OK);
    assert_int_equal(starter.boot_source, BOOT_SOURCE_PVH);
    assert_int_equal(starter.rsdp_phys, 0xf5a40);
    expect_text(&starter.command_line, "quiet");
    assert_int_equal(starter.modules[0].phys, 0x140000000ull);
    assert_int_equal(starter.modules[0].size, 0x1234);
    uint64_t place = 0;
    expect_region(&place, 0, 0x9fc00, BOOT_MEMORY_USABLE);
    expect_region(&place, 0, 0, BOOT_MEMORY_RESERVED);
    expect_map_end(place);
    expect_in_use(BASE, 56);
    expect_in_use(BASE + 0x300, 48);
}

static void pvh_version_0(void **state)
{
    (void)state;
    put(BASE, 0x336ec578u, 4);
    put(BASE + 48, 2, 4); /* not part of it */
    assert_int_equal(parse_pvh(), STATUS_OK);
    assert_int_equal(starter.map.kind, STARTER_MAP_NONE);
    expect_map_end(0);
    expect_in_use(BASE, 40);
}

static void pvh_lies(void **state)
{
    (void)state;
    expect_refusal(parse_pvh(), "magic");
    put(BASE, 0x336ec578u, 4);
    put(BASE + 4, 1, 4);
    put(BASE + 24, 0x8000000000000000ull, 8);
    expect_refusal(parse_pvh(), "command line");
    put(BASE + 24, 0, 8);
    put(BASE + 48, 0xffffffffu, 4);
    put(BASE + 40, BASE, 8);
    expect_refusal(parse_pvh(), "memory map");
    put(BASE + 48, 0, 4);
    put(BASE + 12, 1, 4);
    put(BASE + 16, BASE + SIZE - 31, 8);
    expect_refusal(parse_pvh(), "list of modules");
    put(BASE + 16, BASE + 0x100, 8);
    put(BASE + 0x100, UINT64_MAX, 8);
    put(BASE + 0x108, 2, 8);
    expect_refusal(parse_pvh(), "module 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(multiboot1_full, clear),
        cmocka_unit_test_setup(multiboot1_framebuffer_of_grub, clear),
        cmocka_unit_test_setup(multiboot1_old_memory, clear),
        cmocka_unit_test_setup(multiboot1_lies, clear),
        cmocka_unit_test_setup(multiboot1_too_many_modules, clear),
        cmocka_unit_test_setup(multiboot2_full, clear),
        cmocka_unit_test_setup(multiboot2_efi_map, clear),
        cmocka_unit_test_setup(multiboot2_lies, clear),
        cmocka_unit_test_setup(map_steps, clear),
        cmocka_unit_test_setup(pvh_full, clear),
        cmocka_unit_test_setup(pvh_version_0, clear),
        cmocka_unit_test_setup(pvh_lies, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
