/* What each EFI memory type and attribute means to us, and descriptors as no firmware should write them. */
#include "../cmocka_all.h"

#include "checked.h"
#include "efi_map.h"

#include <string.h>

#define STEP 64u
#define FIRST 0x10000000ull

static const struct kind {
    uint32_t type;
    uint64_t attribute;
    uint32_t running, left; /* our types while boot services run, and after */
} kinds[] = {
    {EfiConventionalMemory, EFI_MEMORY_WB, BOOT_MEMORY_USABLE, BOOT_MEMORY_USABLE},
    {EfiLoaderCode, EFI_MEMORY_WB, MEMMAP_LOADER_IN_USE, BOOT_MEMORY_USABLE},
    {EfiLoaderData, EFI_MEMORY_WB, MEMMAP_LOADER_IN_USE, BOOT_MEMORY_USABLE},
    {EfiBootServicesCode, EFI_MEMORY_WB, MEMMAP_LOADER_IN_USE, BOOT_MEMORY_USABLE},
    {EfiBootServicesData, EFI_MEMORY_WB, MEMMAP_LOADER_IN_USE, BOOT_MEMORY_USABLE},
    {EfiConventionalMemory, 0, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {EfiConventionalMemory, EFI_MEMORY_WB | EFI_MEMORY_ATTRIBUTE_SP, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {EfiBootServicesData, EFI_MEMORY_WB | EFI_MEMORY_ATTRIBUTE_NV, BOOT_MEMORY_PERSISTENT, BOOT_MEMORY_PERSISTENT},
    {EfiReservedMemoryType, EFI_MEMORY_WB, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {EfiRuntimeServicesCode, EFI_MEMORY_WB, BOOT_MEMORY_EFI_RUNTIME_CODE, BOOT_MEMORY_EFI_RUNTIME_CODE},
    {EfiRuntimeServicesData, EFI_MEMORY_WB, BOOT_MEMORY_EFI_RUNTIME_DATA, BOOT_MEMORY_EFI_RUNTIME_DATA},
    {EfiUnusableMemory, EFI_MEMORY_WB, BOOT_MEMORY_BAD, BOOT_MEMORY_BAD},
    {EfiACPIReclaimMemory, EFI_MEMORY_WB, BOOT_MEMORY_ACPI_RECLAIMABLE, BOOT_MEMORY_ACPI_RECLAIMABLE},
    {EfiACPIMemoryNVS, EFI_MEMORY_WB, BOOT_MEMORY_ACPI_NVS, BOOT_MEMORY_ACPI_NVS},
    {EfiMemoryMappedIO, 0, BOOT_MEMORY_MMIO, BOOT_MEMORY_MMIO},
    {EfiMemoryMappedIOPortSpace, 0, BOOT_MEMORY_MMIO, BOOT_MEMORY_MMIO},
    {EfiPalCode, EFI_MEMORY_WB, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {EFI_MEMORY_TYPE_PERSISTENT, EFI_MEMORY_WB, BOOT_MEMORY_PERSISTENT, BOOT_MEMORY_PERSISTENT},
    {EFI_MEMORY_TYPE_UNACCEPTED, EFI_MEMORY_WB, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {0x70000001u, EFI_MEMORY_WB, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
    {0xffffffffu, EFI_MEMORY_WB, BOOT_MEMORY_RESERVED, BOOT_MEMORY_RESERVED},
};
#define KINDS ARRAY_LENGTH(kinds)

static void put(uint8_t *to, uint32_t type, uint64_t phys, uint64_t pages, uint64_t attribute)
{
    const EFI_MEMORY_DESCRIPTOR descriptor = {
        .Type = type, .PhysicalStart = phys, .NumberOfPages = pages, .Attribute = attribute};
    memset(to, 0xcc, STEP);
    memcpy(to, &descriptor, sizeof descriptor);
}

static void check_types(bool running)
{
    uint8_t raw[KINDS * STEP + 7]; /* an incomplete one at the end counts for nothing */
    struct boot_memory_region regions[KINDS];
    struct memmap map = {.regions = regions, .capacity = KINDS};
    struct efi_map efi = {.descriptors = raw, .size = sizeof raw, .descriptor_size = STEP};
    struct error error;
    for (size_t i = 0; i < KINDS; i++)
        put(raw + i * STEP, kinds[i].type, FIRST + 2 * i * PAGE_SIZE, 1, kinds[i].attribute);
    assert_int_equal(efi_map_add(&efi, running, &map, &error), STATUS_OK);
    assert_int_equal(map.count, KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        assert_int_equal(regions[i].type, running ? kinds[i].running : kinds[i].left);
        assert_int_equal(regions[i].firmware_type, kinds[i].type);
        assert_int_equal(regions[i].phys, FIRST + 2 * i * PAGE_SIZE);
        assert_int_equal(regions[i].size, PAGE_SIZE);
    }
}

static void test_types_while_running(void **state)
{
    (void)state;
    check_types(true);
}

static void test_types_after_leave(void **state)
{
    (void)state;
    check_types(false);
}

static void test_impossible_sizes(void **state)
{
    (void)state;
    uint8_t raw[3 * STEP];
    struct boot_memory_region regions[3];
    struct memmap map = {.regions = regions, .capacity = 3};
    struct efi_map efi = {.descriptors = raw, .size = sizeof raw, .descriptor_size = STEP};
    struct error error;
    put(raw, EfiReservedMemoryType, FIRST, 0, 0);
    put(raw + STEP, EfiReservedMemoryType, FIRST, UINT64_MAX, 0);
    put(raw + 2 * STEP, EfiReservedMemoryType, UINT64_MAX - PAGE_SIZE + 1, 2, 0);
    assert_int_equal(efi_map_add(&efi, false, &map, &error), STATUS_OK);
    /* Nothing is said of nothing; the last page, whose end is no number, is no part of any map. */
    assert_int_equal(map.count, 1);
    assert_int_equal(regions[0].phys, FIRST);
    assert_true(regions[0].size >= UINT64_MAX - FIRST - PAGE_SIZE);
}

static void test_full(void **state)
{
    (void)state;
    uint8_t raw[2 * STEP];
    struct boot_memory_region region;
    struct memmap map = {.regions = &region, .capacity = 1};
    struct efi_map efi = {.descriptors = raw, .size = sizeof raw, .descriptor_size = STEP};
    struct error error;
    put(raw, EfiReservedMemoryType, FIRST, 1, 0);
    put(raw + STEP, EfiUnusableMemory, FIRST, 1, 0);
    assert_int_equal(efi_map_add(&efi, false, &map, &error), STATUS_MAP_TOO_BIG);
}

static EFI_STATUS EFIAPI narrow_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *step, UINT32 *version)
{
    (void)map;
    *size = *key = 0;
    *step = sizeof(EFI_MEMORY_DESCRIPTOR) - 8;
    *version = 1;
    return EFI_SUCCESS;
}

static void test_narrow_descriptors(void **state)
{
    (void)state;
    EFI_BOOT_SERVICES boot = {.GetMemoryMap = narrow_map};
    struct efi_map efi = {.size = 4096};
    services.boot = &boot;
    assert_int_equal(efi_map_read(&efi), EFI_INCOMPATIBLE_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_while_running), cmocka_unit_test(test_types_after_leave),
        cmocka_unit_test(test_impossible_sizes),    cmocka_unit_test(test_full),
        cmocka_unit_test(test_narrow_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
