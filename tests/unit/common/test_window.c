#include "cmocka_all.h"

#include "checked.h"
#include "mapping_plan.h"

#include <stdlib.h>

#define GIB SIZE_1G
#define WINDOW 0xffff900000000000ull

struct row {
    uint64_t phys, size;
    uint32_t type;
};

static struct boot_memory_region regions[512];

static struct memmap map_of(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        regions[i] = (struct boot_memory_region){rows[i].phys, rows[i].size, rows[i].type, UINT32_MAX};
    return (struct memmap){regions, count, count};
}

static struct mapping_plan plan_of(const struct memmap *map)
{
    static struct paging_mapping storage[2048];
    struct mapping_plan plan = {storage, 0, window_mapping_room(map)};
    struct error error;
    assert_true(plan.capacity <= 2048);
    assert_int_equal(window_add(&plan, map, WINDOW, &error), STATUS_OK);
    return plan;
}

static void reaches_the_end_of_ram_and_at_least_4_gib(void **state)
{
    (void)state;
    const struct row small[] = {{0, 0x9f000, BOOT_MEMORY_USABLE}, {0x100000, 32 << 20, BOOT_MEMORY_USABLE}};
    struct memmap map = map_of(small, 2);
    assert_int_equal(window_size(&map), 4 * GIB);

    const struct row large[] = {{0, 2 * GIB, BOOT_MEMORY_USABLE},
                                {4 * GIB, 3 * GIB + 4096, BOOT_MEMORY_USABLE},
                                {0xfd00000000, 12 * GIB, BOOT_MEMORY_RESERVED}};
    map = map_of(large, 3);
    assert_int_equal(window_size(&map), 7 * GIB + SIZE_2M);
}

/* What the plan says of one physical page: the mapping that holds it, or NULL. */
static const struct paging_mapping *find(const struct mapping_plan *plan, uint64_t phys)
{
    const struct paging_mapping *found = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        const struct paging_mapping *mapping = &plan->mappings[i];
        if (phys >= mapping->phys && phys - mapping->phys < mapping->size) {
            assert_null(found);
            found = mapping;
        }
    }
    return found;
}

static uint32_t type_at(const struct memmap *map, uint64_t phys)
{
    for (size_t i = 0; i < map->count; i++)
        if (phys >= map->regions[i].phys && phys - map->regions[i].phys < map->regions[i].size)
            return map->regions[i].type;
    return BOOT_MEMORY_RESERVED;
}

static bool is_ram(uint32_t type)
{
    return type <= BOOT_MEMORY_MODULE || (type >= BOOT_MEMORY_ACPI_RECLAIMABLE && type <= BOOT_MEMORY_EFI_RUNTIME_DATA) ||
           type == BOOT_MEMORY_PERSISTENT || type == MEMMAP_LOADER_IN_USE;
}

static void check_page(const struct mapping_plan *plan, const struct memmap *map, uint64_t phys)
{
    uint32_t type = type_at(map, phys);
    const struct paging_mapping *mapping = find(plan, phys);
    if (type == BOOT_MEMORY_BAD || (!is_ram(type) && phys >= 4 * GIB)) {
        assert_null(mapping);
        return;
    }
    assert_non_null(mapping);
    assert_int_equal(mapping->address - mapping->phys, WINDOW);
    assert_true(mapping->write);
    assert_false(mapping->execute);
    assert_int_equal(mapping->cache, is_ram(type)                         ? PAGING_WRITE_BACK
                                     : type == BOOT_MEMORY_FRAMEBUFFER ? PAGING_WRITE_COMBINING
                                                                       : PAGING_UNCACHED);
}

static uint64_t random_below(uint64_t limit)
{
    return (uint64_t)rand() % limit;
}

/* Random maps around 4 GiB; both edges of each region and its neighbours are looked at. */
static void agrees_with_the_map_page_by_page(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 3000; round++) {
        struct row rows[24];
        size_t count = random_below(24) + 1;
        uint64_t at = random_below(4) * GIB;
        for (size_t i = 0; i < count; i++) {
            at += random_below(3) * random_below(200000) * PAGE_SIZE;
            rows[i].phys = at;
            rows[i].size = (random_below(200000) + 1) * PAGE_SIZE;
            rows[i].type = (uint32_t)random_below(15);
            if (rows[i].type == 14)
                rows[i].type = MEMMAP_LOADER_IN_USE;
            at += rows[i].size;
        }
        struct memmap map = map_of(rows, count);
        struct mapping_plan plan = plan_of(&map);
        check_page(&plan, &map, 0);
        check_page(&plan, &map, 4 * GIB - PAGE_SIZE);
        check_page(&plan, &map, 4 * GIB);
        for (size_t i = 0; i < count; i++) {
            check_page(&plan, &map, rows[i].phys);
            check_page(&plan, &map, rows[i].phys + rows[i].size - PAGE_SIZE);
            check_page(&plan, &map, rows[i].phys + rows[i].size);
            if (rows[i].phys != 0)
                check_page(&plan, &map, rows[i].phys - PAGE_SIZE);
        }
    }
}

static void neighbours_of_one_kind_share_a_mapping(void **state)
{
    (void)state;
    const struct row rows[] = {{0, GIB, BOOT_MEMORY_USABLE},
                               {GIB, SIZE_2M, BOOT_MEMORY_KERNEL},
                               {GIB + SIZE_2M, 3 * GIB - SIZE_2M, BOOT_MEMORY_ACPI_NVS},
                               {4 * GIB, GIB, BOOT_MEMORY_USABLE}};
    struct memmap map = map_of(rows, 4);
    struct mapping_plan plan = plan_of(&map);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.mappings[0].size, 5 * GIB);
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    const struct row rows[] = {{0, GIB, BOOT_MEMORY_USABLE}};
    struct memmap map = map_of(rows, 1);
    struct paging_mapping one[1];
    struct mapping_plan plan = {one, 0, 1};
    struct error error;
    assert_int_equal(window_add(&plan, &map, WINDOW, &error), STATUS_INTERNAL);
    assert_int_equal(error.status, STATUS_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_the_end_of_ram_and_at_least_4_gib),
        cmocka_unit_test(agrees_with_the_map_page_by_page),
        cmocka_unit_test(neighbours_of_one_kind_share_a_mapping),
        cmocka_unit_test(says_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
