/* How the work grows with its inputs, counted: the code under test is compiled with a call at the start of each of its basic
 * blocks, and how many of them run does not depend on the machine. */
#include "cmocka_all.h"

#include "checked.h"
#include "firmware.h"
#include "mapping_plan.h"
#include "support/fat_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 10000u
#define FEW 1000u

static uint64_t steps;

void __sanitizer_cov_trace_pc(void); // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the compiler's

void __sanitizer_cov_trace_pc(void) // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
{
    steps++;
}

static struct error error;

/* --- memory maps ------------------------------------------------------------------------------------------------- */

enum order { SORTED, REVERSED, SHUFFLED, NESTED, ALL_AT_ONE_PLACE, SHARED_PAGES, ORDERS };

static void swap_regions(struct boot_memory_region *regions, size_t count)
{
    uint64_t random = 88172645463325252u;
    for (size_t i = count - 1; i > 0; i--) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        struct boot_memory_region other = regions[random % (i + 1)];
        regions[random % (i + 1)] = regions[i];
        regions[i] = other;
    }
}

static struct boot_memory_region region_of(enum order order, uint64_t i, uint64_t count)
{
    uint32_t type = i % 3 == 0 ? BOOT_MEMORY_USABLE : i % 3 == 1 ? BOOT_MEMORY_RESERVED : BOOT_MEMORY_ACPI_NVS;
    uint64_t at = order == REVERSED ? count - i : i + 1, phys = at * 4 * PAGE_SIZE, size = 3 * PAGE_SIZE;
    if (order == NESTED)
        size = (2 * count - at) * 4 * PAGE_SIZE;
    if (order == ALL_AT_ONE_PLACE)
        phys = PAGE_SIZE;
    if (order == SHARED_PAGES) {
        phys = at * 0x300;
        size = 0x280;
    }
    return (struct boot_memory_region){.phys = phys, .size = size, .type = type, .firmware_type = type};
}

/* Steps of sorting a map of `count` regions, and of planning the window over it. */
static uint64_t steps_of_map(enum order order, size_t count)
{
    size_t capacity = memmap_room(count);
    struct memmap map = {calloc(capacity, sizeof *map.regions), count, capacity};
    for (size_t i = 0; i < count; i++)
        map.regions[i] = region_of(order, i, count);
    if (order == SHUFFLED)
        swap_regions(map.regions, count);
    steps = 0;
    assert_int_equal(memmap_normalise(&map, &error), STATUS_OK);
    size_t room = window_mapping_room(&map);
    struct mapping_plan plan = {calloc(room, sizeof *plan.mappings), 0, room};
    assert_int_equal(window_add(&plan, &map, 0xffff900000000000, &error), STATUS_OK);
    free(plan.mappings);
    free(map.regions);
    return steps;
}

static void maps_cost_n_log_n(void **state)
{
    (void)state;
    for (enum order order = SORTED; order < ORDERS; order++) {
        uint64_t few = steps_of_map(order, FEW), many = steps_of_map(order, MANY);
        print_message("map, order %d: %llu steps for %u regions, %llu for %u\n", order, (unsigned long long)few, FEW,
                      (unsigned long long)many, MANY);
        assert_true(few > FEW);
        assert_true(many <= few * 10 * 133 / 100 * 115 / 100); /* log 10000 is 4/3 of log 1000 */
    }
    assert_true(steps_of_map(SORTED, MANY) < steps_of_map(SHUFFLED, MANY) / 2); /* most firmware sorts */
}

/* --- page tables ------------------------------------------------------------------------------------------------- */

#define TABLES_MOST 5000u
#define WINDOW 0xffff900000000000

static uint8_t *tables;

void *firmware_map(uint64_t phys, uint64_t size)
{
    assert_true(phys >= PAGE_SIZE && phys + size <= (TABLES_MOST + 1ull) * PAGE_SIZE);
    return tables + (phys - PAGE_SIZE);
}

/* Tables of the window over a machine with so much memory, as a PC with a hole below 4 GiB has it. */
static uint64_t tables_of(uint64_t memory, bool gigabyte_pages, uint64_t *taken)
{
    struct boot_memory_region regions[16] = {
        {0, 0x9f000, BOOT_MEMORY_USABLE, UINT32_MAX},
        {0x100000, (memory < 2 * SIZE_1G ? memory : 2 * SIZE_1G) - 0x100000, BOOT_MEMORY_USABLE, UINT32_MAX},
        {0xfeffc000, 0x4000, BOOT_MEMORY_RESERVED, UINT32_MAX},
    };
    struct memmap map = {regions, 3, 16};
    if (memory > 2 * SIZE_1G)
        assert_int_equal(memmap_add(&map, 4 * SIZE_1G, memory - 2 * SIZE_1G, BOOT_MEMORY_USABLE, UINT32_MAX, &error),
                         STATUS_OK);
    struct paging_mapping mappings[16];
    struct mapping_plan plan = {mappings, 0, ARRAY_LENGTH(mappings)};
    struct paging_features features = {true, gigabyte_pages, 52};
    struct paging paging;
    steps = 0;
    assert_int_equal(window_add(&plan, &map, WINDOW, &error), STATUS_OK);
    uint64_t frames = paging_frames_needed(plan.mappings, plan.count, &features);
    assert_true(frames <= TABLES_MOST);
    paging_init(&paging, PAGE_SIZE, frames, &features);
    for (size_t i = 0; i < plan.count; i++)
        assert_int_equal(paging_map(&paging, &plan.mappings[i], &error), STATUS_OK);
    *taken = steps;
    return paging.frames_used;
}

static void memory_costs_one_table_for_512_gib(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 6, 512, 4096};
    uint64_t first = 0, first_steps = 0;
    tables = calloc(TABLES_MOST, PAGE_SIZE);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        uint64_t taken, small_taken, count = tables_of(sizes[i] * SIZE_1G, true, &taken);
        uint64_t small = tables_of(sizes[i] * SIZE_1G, false, &small_taken);
        print_message("%4llu GiB: %llu tables, %llu steps; %llu tables, %llu steps without 1 GiB pages\n",
                      (unsigned long long)sizes[i], (unsigned long long)count, (unsigned long long)taken,
                      (unsigned long long)small, (unsigned long long)small_taken);
        first = i == 0 ? count : first;
        first_steps = i == 0 ? taken : first_steps;
        assert_true(count <= first + sizes[i] / 512 + 2);
        assert_true(taken <= first_steps + 4 * sizes[i] + 500);
        assert_true(small <= first + 4 + sizes[i] + sizes[i] / 512 + 2);
    }
    free(tables);
}

/* --- directories ------------------------------------------------------------------------------------------------- */

#define CLUSTERS 66000u
#define ENTRIES_EACH 3u /* a long name's two, and the short one */

static struct {
    struct block block;
    struct block *disk;
    uint8_t *times; /* each sector was read */
    uint64_t bytes;
} counter;

static enum status counting_read(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *problem)
{
    (void)block;
    counter.bytes += size;
    for (uint64_t sector = offset / 512; sector <= (offset + size - 1) / 512; sector++)
        counter.times[sector]++;
    return counter.disk->read(counter.disk, offset, size, to, problem);
}

static void make_directory(struct fat_image *image, uint32_t count)
{
    fat_image_make(image, 32, CLUSTERS, 1);
    fat_image_chain(image, image->root_cluster, count * ENTRIES_EACH * FAT_ENTRY_SIZE / 512 + 1);
    uint8_t *to = fat_image_root(image);
    for (uint32_t i = 0; i < count; i++) {
        char name[32], short_name[24];
        uint16_t units[32];
        int length = snprintf(name, sizeof name, "some longer name %05u", i);
        snprintf(short_name, sizeof short_name, "SOME~%03uF%02u", i / 100, i % 100);
        for (int k = 0; k < length; k++)
            units[k] = (uint8_t)name[k];
        to = fat_image_long(to, units, (uint32_t)length, short_name);
        to = fat_image_entry(to, short_name, 0x20, 0, 0);
    }
}

struct search {
    uint64_t steps, bytes, most_reads; /* of one sector */
};

static struct search search(struct fat_image *image, const char *path, enum status expected)
{
    static struct fat fat;
    struct fat_file file;
    counter.disk = &image->disk.block;
    counter.block = image->disk.block;
    counter.block.read = counting_read;
    counter.times = calloc(1, image->size / 512 + 1);
    assert_int_equal(fat_mount(&fat, &counter.block, 0, image->size, &error), STATUS_OK);
    memset(counter.times, 0, image->size / 512 + 1);
    steps = counter.bytes = 0;
    assert_int_equal(fat_open(&fat, path, &file, &error), expected);
    struct search result = {steps, counter.bytes, 0};
    for (uint64_t i = 0; i < image->size / 512; i++)
        if (counter.times[i] > result.most_reads)
            result.most_reads = counter.times[i];
    free(counter.times);
    return result;
}

static void a_directory_is_passed_once(void **state)
{
    (void)state;
    struct fat_image image;
    struct search found[2][3];
    for (unsigned i = 0; i < 2; i++) {
        uint32_t count = i == 0 ? FEW : MANY;
        char last[64];
        snprintf(last, sizeof last, "/some longer name %05u", count - 1);
        make_directory(&image, count);
        found[i][0] = search(&image, "/some longer name 00000", STATUS_OK);
        found[i][1] = search(&image, last, STATUS_OK);
        found[i][2] = search(&image, "/absent", STATUS_FILE_NOT_FOUND);
        uint64_t directory = (uint64_t)count * ENTRIES_EACH * FAT_ENTRY_SIZE;
        for (unsigned k = 0; k < 3; k++) {
            print_message("%u files, case %u: %llu steps, %llu bytes read\n", count, k,
                          (unsigned long long)found[i][k].steps, (unsigned long long)found[i][k].bytes);
            assert_true(found[i][k].most_reads <= 1);
            assert_true(found[i][k].bytes <= directory + directory / 100 + 3ull * FAT_WINDOW_SIZE);
        }
        fat_image_free(&image);
    }
    assert_int_equal(found[0][0].steps, found[1][0].steps); /* the first one: whatever follows */
    assert_int_equal(found[0][0].bytes, found[1][0].bytes);
    for (unsigned k = 1; k < 3; k++)
        assert_in_range(found[1][k].steps, 9 * found[0][k].steps, 11 * found[0][k].steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_cost_n_log_n),
        cmocka_unit_test(memory_costs_one_table_for_512_gib),
        cmocka_unit_test(a_directory_is_passed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
