#include "cmocka_all.h"

#include "layout.h"

#define STAGES 200u

static enum exit_code make(enum layout_table table, uint64_t sectors, uint64_t esp, uint64_t stages,
                           struct layout *layout)
{
    struct layout_wishes wishes = {.table = table, .sectors = sectors, .stages_sectors = stages};
    return layout_make(&wishes, esp, layout);
}

static uint64_t esp_room(enum layout_table table, uint64_t sectors)
{
    struct layout_wishes wishes = {.table = table, .sectors = sectors, .stages_sectors = STAGES};
    return layout_esp_room(&wishes);
}

static void partitions_begin_at_whole_mebibytes(void **state)
{
    (void)state;
    for (uint64_t esp = LAYOUT_ALIGNMENT; esp < 100 * LAYOUT_ALIGNMENT; esp += LAYOUT_ALIGNMENT) {
        for (enum layout_table table = LAYOUT_GPT; table <= LAYOUT_MBR; table++) {
            struct layout layout;
            assert_int_equal(make(table, 0, esp, STAGES, &layout), EXIT_OK);
            assert_int_equal(layout.sectors % LAYOUT_ALIGNMENT, 0);
            assert_int_equal(layout.esp.first % LAYOUT_ALIGNMENT, 0);
            assert_int_equal(layout.bios_partition.first % LAYOUT_ALIGNMENT, 0);
            assert_int_equal(layout.esp.count, esp);
            assert_int_equal(layout.stages.count, STAGES);
            /* Made again for exactly that size, it is the same. */
            assert_true(esp_room(table, layout.sectors) >= esp);
            assert_true(esp_room(table, layout.sectors) < esp + LAYOUT_ALIGNMENT);
        }
    }
}

static void gpt_has_its_backup_at_the_end(void **state)
{
    (void)state;
    struct layout layout;
    assert_int_equal(make(LAYOUT_GPT, 10000, 2048, STAGES, &layout), EXIT_OK);
    assert_int_equal(layout.sectors, 10000);
    assert_int_equal(layout.backup_header.first, 9999);
    assert_int_equal(layout.backup_entries.first, 9999 - 32);
    assert_int_equal(layout.primary_header.first, 1);
    assert_int_equal(layout.primary_entries.first, 2);
    assert_int_equal(layout.primary_entries.count, 32);
    assert_int_equal(layout.stages.first, layout.bios_partition.first);
}

static void mbr_has_the_stages_behind_the_boot_sector(void **state)
{
    (void)state;
    struct layout layout;
    assert_int_equal(make(LAYOUT_MBR, 0, 2048, STAGES, &layout), EXIT_OK);
    assert_int_equal(layout.sectors, 4096);
    assert_int_equal(layout.stages.first, 1);
    assert_int_equal(layout.esp.first, 2048);
    assert_int_equal(layout.primary_header.count + layout.backup_header.count + layout.bios_partition.count, 0);
}

static void room_is_what_is_left(void **state)
{
    (void)state;
    static const struct {
        enum layout_table table;
        uint64_t sectors, room;
    } cases[] = {
        {LAYOUT_GPT, 0, 0},         {LAYOUT_GPT, 1, 0},
        {LAYOUT_GPT, 4096 + 33, 0}, {LAYOUT_GPT, 6144, 0},
        {LAYOUT_GPT, 6144 + 32, 0}, {LAYOUT_GPT, 6144 + 33, 2048},
        {LAYOUT_MBR, 2048, 0},      {LAYOUT_MBR, 4095, 0},
        {LAYOUT_MBR, 4096, 2048},   {LAYOUT_GPT, 1ull << 40, (1ull << 40) - 6144},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(esp_room(cases[i].table, cases[i].sectors), cases[i].room);
}

/* Too much for its place is never written over a neighbour. */
static void overlap_is_noticed(void **state)
{
    (void)state;
    struct layout layout;
    assert_int_equal(make(LAYOUT_MBR, 0, 2048, 2048, &layout), EXIT_FAILED);
    assert_int_equal(make(LAYOUT_MBR, 0, 2048, 2047, &layout), EXIT_OK);
    assert_int_equal(make(LAYOUT_GPT, 0, 2048, 2049, &layout), EXIT_FAILED);
    assert_int_equal(make(LAYOUT_GPT, 6144, 2048, STAGES, &layout), EXIT_FAILED);
    assert_int_equal(make(LAYOUT_MBR, 4095, 2048, STAGES, &layout), EXIT_FAILED);
}

static void without_the_bios_loader_no_room_is_kept_for_it(void **state)
{
    (void)state;
    struct layout layout;
    assert_int_equal(make(LAYOUT_GPT, 0, 2048, 0, &layout), EXIT_OK);
    assert_int_equal(layout.esp.first, 2048);
    assert_int_equal(layout.bios_partition.count + layout.stages.count, 0);
    assert_int_equal(make(LAYOUT_MBR, 0, 2048, 0, &layout), EXIT_OK);
    assert_int_equal(layout.esp.first, 2048);
    assert_int_equal(layout.stages.count, 0);
}

static void a_bare_volume_is_the_whole_image(void **state)
{
    (void)state;
    struct layout layout;
    for (uint64_t sectors = 0; sectors <= 5000; sectors += 5000) {
        assert_int_equal(make(LAYOUT_NONE, sectors, 5000, STAGES, &layout), EXIT_OK);
        assert_int_equal(layout.esp.first, 0);
        assert_int_equal(layout.esp.count, 5000);
        assert_int_equal(layout.stages.first, LAYOUT_VOLUME_STAGES);
        assert_int_equal(layout.mbr.count + layout.primary_header.count + layout.backup_header.count, 0);
    }
    assert_int_equal(esp_room(LAYOUT_NONE, 5000), 5000);
}

static void further_partitions_have_their_exact_sizes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2047, 2048, 2049, 100000, 7};
    for (enum layout_table table = LAYOUT_GPT; table <= LAYOUT_MBR; table++) {
        struct layout layout, again;
        struct layout_wishes wishes = {
            .table = table, .stages_sectors = STAGES, .extra_sectors = sizes, .extra_count = ARRAY_LENGTH(sizes)};
        assert_int_equal(layout_make(&wishes, 4096, &layout), EXIT_OK);
        uint64_t end = layout.esp.first + layout.esp.count;
        for (uint32_t i = 0; i < layout.extra_count; i++) {
            assert_int_equal(layout.extra[i].first % LAYOUT_ALIGNMENT, 0);
            assert_int_equal(layout.extra[i].count, sizes[i]);
            assert_true(layout.extra[i].first >= end && layout.extra[i].first < end + LAYOUT_ALIGNMENT);
            end = layout.extra[i].first + sizes[i];
        }
        wishes.sectors = layout.sectors;
        assert_true(layout_esp_room(&wishes) >= 4096 && layout_esp_room(&wishes) < 4096 + LAYOUT_ALIGNMENT);
        assert_int_equal(layout_make(&wishes, layout_esp_room(&wishes), &again), EXIT_OK);
        wishes.sectors = 20000;
        assert_int_equal(layout_esp_room(&wishes), 0);
    }
}

static void a_cd_has_its_directories_before_the_partitions(void **state)
{
    (void)state;
    static const uint64_t iso_sizes[] = {4, 100, 1980, 1984, 1988, 10000};
    for (enum layout_table table = LAYOUT_GPT; table <= LAYOUT_MBR; table++) {
        for (size_t i = 0; i < ARRAY_LENGTH(iso_sizes); i++) {
            struct layout layout;
            struct layout_wishes wishes = {.table = table, .stages_sectors = STAGES, .iso_sectors = iso_sizes[i]};
            assert_int_equal(layout_make(&wishes, 4096, &layout), EXIT_OK);
            uint64_t end = layout.iso.first + layout.iso.count;
            assert_int_equal(layout.iso.first, LAYOUT_ISO_FIRST);
            assert_int_equal(layout.iso.count, iso_sizes[i]);
            assert_true(layout.stages.first >= end && layout.esp.first >= layout.stages.first + STAGES);
            assert_int_equal(layout.stages.first % 4, 0); /* a CD's block */
            assert_int_equal(layout.esp.first % LAYOUT_ALIGNMENT, 0);
            assert_true(layout.esp.first - end < 3 * LAYOUT_ALIGNMENT);
            wishes.sectors = layout.sectors;
            assert_true(layout_esp_room(&wishes) >= 4096);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_begin_at_whole_mebibytes),
        cmocka_unit_test(gpt_has_its_backup_at_the_end),
        cmocka_unit_test(mbr_has_the_stages_behind_the_boot_sector),
        cmocka_unit_test(room_is_what_is_left),
        cmocka_unit_test(overlap_is_noticed),
        cmocka_unit_test(without_the_bios_loader_no_room_is_kept_for_it),
        cmocka_unit_test(a_bare_volume_is_the_whole_image),
        cmocka_unit_test(further_partitions_have_their_exact_sizes),
        cmocka_unit_test(a_cd_has_its_directories_before_the_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
