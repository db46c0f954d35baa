/* What a bootloader_api kernel gets: BootInfo, in the layout of its version. */
#include "cmocka_all.h"

#include "protocol/bootloader_api.h"

#include <string.h>

static uint64_t number_at(const struct bootloader_api_info *info, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)info + offset, size);
    return value;
}

static struct boot_memory_region map[] = {
    {0, 0x9f000, BOOT_MEMORY_USABLE, 1},
    {0x9f000, 0x61000, BOOT_MEMORY_RESERVED, UINT32_MAX},
    {0x100000, 0x1000, BOOT_MEMORY_LOADER_RECLAIMABLE, UINT32_MAX},
    {0x101000, 0x1000, BOOT_MEMORY_KERNEL, UINT32_MAX},
    {0x102000, 0x1000, BOOT_MEMORY_RAMDISK, UINT32_MAX},
    {0x103000, 0x1000, BOOT_MEMORY_MODULE, UINT32_MAX},
    {0x104000, 0x1000, BOOT_MEMORY_ACPI_RECLAIMABLE, UINT32_MAX},
    {0x105000, 0x1000, BOOT_MEMORY_ACPI_NVS, 77},
    {0x106000, 0x1000, BOOT_MEMORY_BAD, UINT32_MAX},
};
#define MAP_COUNT (sizeof map / sizeof *map)

static struct bootloader_api_region regions[MAP_COUNT];
static struct bootloader_api_info filled;

static struct boot_info full_info(void)
{
    return (struct boot_info){
        .firmware = BOOT_FIRMWARE_BIOS,
        .memory_map_count = MAP_COUNT,
        .framebuffer = {.address = (uint8_t *)0x1111000,
                        .size = 800 * 4 * 600,
                        .width = 800,
                        .height = 600,
                        .pitch = 800 * 4,
                        .bits_per_pixel = 32,
                        .red_shift = 16,
                        .red_size = 8,
                        .green_shift = 8,
                        .green_size = 8,
                        .blue_size = 8},
        .physical_memory = 0x2222000,
        .physical_memory_size = 1,
        .recursive_slot = 510,
        .rsdp_phys = 0xf5a20,
        .tls = {(const void *)0x3333000, 0x10, 0x20, 8},
        .ramdisk = (void *)0x4444000,
        .ramdisk_size = 0x555,
        .kernel_bias = 0x6666000,
        .stack_address = 0x7777000,
    };
}

static void fill(const struct boot_info *info, uint16_t patch)
{
    const struct bootloader_api_facts facts = {
        .version = {.minor = 11, .patch = patch, .pre_release = true},
        .stack_size = 0x8888,
        .kernel_file_phys = 0x9999000,
        .kernel_file_size = 0xaaaa,
        .test_sentinel = 0xb001b001b001,
        .regions_address = 0xbbbb000,
        .regions = regions,
        .memory_map = map,
    };
    memset(&filled, 0xcc, sizeof filled);
    memset(regions, 0xcc, sizeof regions);
    bootloader_api_fill(&filled, info, &facts);
}

/* Offsets as measured with the crate itself, not those of our structure. */
static void lays_boot_info_out_as_the_crate_does(void **state)
{
    static const struct {
        unsigned offset, size;
        uint64_t value;
    } fields[] = {
        {0, 2, 0},           {2, 2, 11},          {4, 2, 16},
        {6, 1, 1},           {8, 8, 0xbbbb000},   {16, 8, MAP_COUNT},
        {24, 4, 0},          {32, 8, 0x1111000},  {40, 8, 1920000},
        {48, 8, 800},        {56, 8, 600},        {64, 4, 1},
        {72, 8, 4},          {80, 8, 800},        {88, 4, 0},
        {96, 8, 0x2222000},  {104, 4, 0},         {108, 2, 510},
        {112, 4, 0},         {120, 8, 0xf5a20},   {128, 4, 0},
        {136, 8, 0x3333000}, {144, 8, 0x10},      {152, 8, 0x20},
        {160, 4, 0},         {168, 8, 0x4444000}, {176, 8, 0x555},
        {184, 8, 0x9999000}, {192, 8, 0xaaaa},    {200, 8, 0x6666000},
        {208, 8, 0x7777000}, {216, 8, 0x8888},    {224, 8, 0xb001b001b001},
    };
    (void)state;
    struct boot_info info = full_info();
    fill(&info, 16);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (number_at(&filled, fields[i].offset, fields[i].size) != fields[i].value)
            fail_msg("byte %u: %#lx", fields[i].offset, number_at(&filled, fields[i].offset, fields[i].size));
}

static void puts_the_sentinel_where_each_version_has_it(void **state)
{
    (void)state;
    struct boot_info info = full_info();
    for (uint16_t patch = 0; patch <= 16; patch++) {
        unsigned expected = patch >= 14 ? 224 : patch >= 5 ? 208 : patch >= 1 ? 184 : 0;
        fill(&info, patch);
        for (unsigned offset = 8; offset < sizeof filled; offset += 8)
            assert_true((number_at(&filled, offset, 8) == 0xb001b001b001) == (offset == expected));
    }
}

static void says_none_of_what_is_not_there(void **state)
{
    static const unsigned tags[] = {24, 88, 104, 112, 128, 160};
    (void)state;
    struct boot_info info = {.recursive_slot = UINT32_MAX};
    fill(&info, 16);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        assert_int_equal(number_at(&filled, tags[i], 4), 1);
    assert_int_equal(number_at(&filled, 16, 8), 0);
    assert_int_equal(number_at(&filled, 176, 8), 0);
}

static void translates_the_memory_map(void **state)
{
    static const uint32_t bios[MAP_COUNT][2] = {{0, 0}, {3, 2}, {1, 0},  {1, 0}, {1, 0},
                                                {1, 0}, {3, 3}, {3, 77}, {3, 5}};
    static const uint32_t uefi[MAP_COUNT][2] = {{0, 0}, {2, 0}, {1, 0},  {1, 0}, {1, 0},
                                                {1, 0}, {2, 9}, {2, 77}, {2, 8}};
    (void)state;
    static const struct {
        uint32_t firmware;
        uint64_t efi_map_size;
        const uint32_t (*expected)[2];
    } cases[] = {
        {BOOT_FIRMWARE_BIOS, 0, bios},
        {BOOT_FIRMWARE_UEFI, 4800, uefi},
        {BOOT_FIRMWARE_NONE, 0, bios},
        {BOOT_FIRMWARE_NONE, 4800, uefi}, /* GRUB on UEFI */
    };
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        const uint32_t(*expected)[2] = cases[k].expected;
        struct boot_info info = full_info();
        info.firmware = cases[k].firmware;
        info.efi.memory_map_size = cases[k].efi_map_size;
        fill(&info, 16);
        for (size_t i = 0; i < MAP_COUNT; i++) {
            assert_int_equal(regions[i].start, map[i].phys);
            assert_int_equal(regions[i].end, map[i].phys + map[i].size);
            assert_int_equal(regions[i].kind, expected[i][0]);
            assert_int_equal(regions[i].value, expected[i][1]);
        }
    }
}

/* Any other number in the place of the pixel format would be undefined behaviour in the kernel. */
static void names_pixel_formats(void **state)
{
    static const struct {
        uint8_t bits, red, green, blue, size;
        uint32_t format;
    } cases[] = {
        {32, 16, 8, 0, 8, 1},  {32, 0, 8, 16, 8, 0},   {24, 16, 8, 0, 8, 1},
        {32, 8, 16, 24, 8, 3}, {32, 20, 10, 0, 10, 3}, {32, 0, 16, 8, 8, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct boot_info info = full_info();
        struct boot_framebuffer *framebuffer = &info.framebuffer;
        framebuffer->bits_per_pixel = cases[i].bits;
        framebuffer->red_shift = cases[i].red;
        framebuffer->green_shift = cases[i].green;
        framebuffer->blue_shift = cases[i].blue;
        framebuffer->red_size = framebuffer->green_size = framebuffer->blue_size = cases[i].size;
        framebuffer->pitch = 1024u * cases[i].bits / 8;
        fill(&info, 16);
        assert_int_equal(number_at(&filled, 64, 4), cases[i].format);
        assert_int_equal(number_at(&filled, 72, 8), cases[i].bits / 8);
        assert_int_equal(number_at(&filled, 80, 8), 1024);
        bool unknown = cases[i].format == 3;
        assert_int_equal(number_at(&filled, 68, 1), unknown ? cases[i].red : 0);
        assert_int_equal(number_at(&filled, 69, 1), unknown ? cases[i].green : 0);
        assert_int_equal(number_at(&filled, 70, 1), unknown ? cases[i].blue : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_boot_info_out_as_the_crate_does),
        cmocka_unit_test(puts_the_sentinel_where_each_version_has_it),
        cmocka_unit_test(says_none_of_what_is_not_there),
        cmocka_unit_test(translates_the_memory_map),
        cmocka_unit_test(names_pixel_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
