/* Multiboot headers of both versions, with every field wrong, and the ELF headers that go with them. */
#include "cmocka_all.h"

#include "checked.h"
#include "kernel_plan.h"
#include "support/multiboot_image.h"

#include <string.h>

static uint8_t image[MULTIBOOT_IMAGE_SIZE];
static struct multiboot_plan plan;
static struct error error;

static int reset(void **state)
{
    (void)state;
    multiboot_image_make(image, false);
    return 0;
}

static enum status read_plan(void)
{
    return multiboot_plan_read((struct span){image, sizeof image}, sizeof image, &plan, &error);
}

static void tag(uint16_t type, uint16_t flags, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t count)
{
    const uint32_t words[] = {a, b, c, d};
    multiboot_image_tag(image, type, flags, words, count);
}

/* --- headers ----------------------------------------------------------------------------------------------------- */

static void sound_headers_are_read(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        multiboot_image_make(image, wide != 0);
        tag(1, 0, 1, 6, 0, 0, 2);
        tag(4, 0, 3, 0, 0, 0, 1);
        tag(5, 1, 1024, 768, 32, 0, 3);
        tag(7, 1, 0, 0, 0, 0, 0);
        tag(9, 0, MULTIBOOT_IMAGE_PHYS + 5, 0, 0, 0, 1);
        tag(10, 0, 0x100000, 0x7fffff, 0x2000, 2, 4);
        tag(1, 1, 99, 0, 0, 0, 1);
        tag(77, 1, 0, 0, 0, 0, 0);
        assert_int_equal(read_plan(), STATUS_OK);
        assert_int_equal(plan.version, 2);
        assert_int_equal(plan.segment_count, 1);
        assert_int_equal(plan.segments[0].phys, MULTIBOOT_IMAGE_PHYS);
        assert_int_equal(plan.segments[0].file_offset, MULTIBOOT_IMAGE_CODE);
        assert_int_equal(plan.segments[0].file_size, MULTIBOOT_IMAGE_CODE_SIZE);
        assert_int_equal(plan.segments[0].memory_size, MULTIBOOT_IMAGE_MEMORY);
        assert_int_equal(plan.entry, MULTIBOOT_IMAGE_PHYS + MULTIBOOT_IMAGE_ENTRY);
        assert_int_equal(plan.efi_entry, MULTIBOOT_IMAGE_PHYS + 5);
        assert_true(plan.relocatable && plan.needs_console && plan.framebuffer && plan.boot_services);
        assert_int_equal(plan.width, 1024);
        assert_int_equal(plan.alignment, 0x2000);
    }
}

static void addresses_come_before_elf(void **state)
{
    (void)state;
    const uint32_t header = 0x400000 + MULTIBOOT_IMAGE_HEADER - 64;
    tag(2, 0, header, 0x400000, 0x400000 + 5000, 0x400000 + 9000, 4);
    tag(3, 0, 0x400010, 0, 0, 0, 1);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.segments[0].file_offset, 64);
    assert_int_equal(plan.segments[0].file_size, 5000);
    assert_int_equal(plan.segments[0].memory_size, 9000);
    assert_int_equal(plan.entry, 0x400010);
    multiboot_image_make(image, false);
    memset(image, 0, 64); /* no ELF file */
    tag(2, 0, header + 64, UINT32_MAX, 0, 0, 4);
    tag(3, 0, 0x400010, 0, 0, 0, 1);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.segments[0].file_offset, 0);
    assert_int_equal(plan.segments[0].file_size, sizeof image);
    assert_int_equal(plan.segments[0].memory_size, sizeof image);
    const uint32_t words[] = {header, 0x400000, 0x400000 + 5000, 0, 0x400010, 0, 800, 600, 32};
    multiboot_image_version1(image, 0x10007, words, 9);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.version, 1);
    assert_int_equal(plan.segments[0].memory_size, 5000);
    assert_int_equal(plan.height, 600);
}

static void unknown_demands_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t word;
        const char *text;
    } cases[] = {{1, 22, "information 0x16"},
                 {1, 99, "information 0x63"},
                 {1, 0xffffffff, "information 0xffffffff"},
                 {11, 0, "tag 0xb"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        multiboot_image_make(image, false);
        tag(cases[i].type, 0, 4, cases[i].word, 0, 0, 2);
        assert_int_equal(read_plan(), STATUS_MULTIBOOT_DEMAND);
        assert_non_null(strstr(error.text, cases[i].text));
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        multiboot_image_version1(image, 1u << bit, (const uint32_t[9]){0}, 9);
        enum status status = read_plan();
        if (bit >= 3 && bit <= 15)
            assert_int_equal(status, STATUS_MULTIBOOT_DEMAND);
        else if (bit != 16) /* addresses of 0 */
            assert_int_equal(status, STATUS_OK);
    }
}

/* Whether a machine has it is another question. */
static void known_demands_are_taken(void **state)
{
    (void)state;
    for (uint32_t type = 0; type <= 21; type++)
        tag(1, 0, type, 0, 0, 0, 1);
    assert_int_equal(read_plan(), STATUS_OK);
}

static void wrong_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        uint64_t value;
        unsigned size;
        const char *text;
    } cases[] = {
        {4, 3, 1, "class"},
        {5, 2, 1, "class"},
        {16, 1, 2, "class"},
        {18, 62, 2, "class"},
        {28, 8190, 4, "program headers"},
        {42, 33, 2, "program headers"},
        {44, 0, 2, "entry point"},
        {44, 0xffff, 2, "program headers"},
        {24, MULTIBOOT_IMAGE_VIRTUAL - 1, 4, "entry point"},
        {24, MULTIBOOT_IMAGE_VIRTUAL + MULTIBOOT_IMAGE_MEMORY, 4, "entry point"},
        {56, 8191, 4, "segment"},
        {68, 4097, 4, "segment"},
        {68, MULTIBOOT_IMAGE_MEMORY + 1, 4, "segment"},
        {64, 0xffffff00, 4, "segment"},
        {72, 0, 4, "entry point"},
        {MULTIBOOT_IMAGE_HEADER + 20, 7, 4, "tag"},
        {MULTIBOOT_IMAGE_HEADER + 20, 4000, 4, "tag"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        multiboot_image_make(image, false);
        multiboot_image_put(image, cases[i].offset, cases[i].value, cases[i].size);
        assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
        if (strstr(error.text, cases[i].text) == NULL)
            fail_msg("case %zu: %s", i, error.text);
    }
    multiboot_image_make(image, false);
    tag(10, 0, 0x100000, 0x104000, 0, 0, 4); /* too small a range */
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
    multiboot_image_make(image, false);
    tag(10, 0, 0x100000, 0x1fffff, 0x3000, 0, 4);
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
    multiboot_image_make(image, false);
    tag(2, 0, 0x400000, 0x400100, 0, 0, 4); /* the header lies before what is loaded */
    tag(3, 0, 0x400100, 0, 0, 0, 1);
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
}

static void segments_over_another_are_refused(void **state)
{
    (void)state;
    multiboot_image_put(image, 44, 2, 2);
    memcpy(image + 84, image + 52, 32);
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
    multiboot_image_put(image, 84 + 12, MULTIBOOT_IMAGE_PHYS - MULTIBOOT_IMAGE_MEMORY,
                        4); /* just below: in order then */
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.segments[0].phys, MULTIBOOT_IMAGE_PHYS - MULTIBOOT_IMAGE_MEMORY);
    multiboot_image_put(image, 84 + 12, MULTIBOOT_IMAGE_PHYS - MULTIBOOT_IMAGE_MEMORY + 1, 4);
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
}

/* Whatever a single byte is changed to, the verdict is a plan that keeps the loader's promises, or a sentence. */
static void single_bytes_are_judged(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    unsigned version;
    uint32_t offset;
    for (uint32_t at = 0; at < MULTIBOOT_IMAGE_HEADER + 100; at++)
        for (size_t i = 0; i < sizeof values; i++) {
            multiboot_image_make(image, (at & 1) != 0);
            tag(10, 0, 0x100000, 0xffffffff, 0x1000, 0, 4);
            image[at] = values[i];
            if (!multiboot_find((struct span){image, sizeof image}, &version, &offset))
                continue;
            if (read_plan() != STATUS_OK) {
                assert_true(strlen(error.text) > 10);
                continue;
            }
            for (uint32_t n = 0; n < plan.segment_count; n++) {
                assert_true(range_ok(plan.segments[n].file_offset, plan.segments[n].file_size, sizeof image));
                assert_true(range_ok(plan.segments[n].phys, plan.segments[n].memory_size, MULTIBOOT_END));
            }
            assert_true(plan.entry >= plan.start && plan.entry < plan.end);
        }
}

/* Also the bytes that alignment adds. */
static void sections_have_a_limit_together(void **state)
{
    (void)state;
    static const uint64_t sizes[][3] = {
        {1, (1u << 30) - 4096, 0}, {1, (1u << 30) - 4095, 0}, {1, (1u << 30) - 1, 1ull << 33}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t headers[3][64] = {0};
        plan = (struct multiboot_plan){.wide = true, .sections = {.count = 3, .entry_size = 64}};
        for (size_t k = 0; k < 3; k++) {
            headers[k][4] = 1; /* SHT_PROGBITS */
            memcpy(headers[k] + 32, &sizes[i][k], 8);
            headers[k][49] = 4096 >> 8; /* alignment */
        }
        assert_int_equal(multiboot_sections_measure(headers[0], 3, UINT64_MAX, &plan, &error),
                         i == 0 ? STATUS_OK : STATUS_MULTIBOOT_KERNEL);
    }
}

/* A file that speaks the native protocol does so whatever else it has; tests/unit/common/test_kernel_plan.c has those.
 */
static void other_kinds_stay_what_they_are(void **state)
{
    (void)state;
    unsigned version;
    uint32_t offset;
    assert_true(multiboot_find((struct span){image, sizeof image}, &version, &offset));
    assert_int_equal(offset, MULTIBOOT_IMAGE_HEADER);
    image[MULTIBOOT_IMAGE_HEADER + 12] ^= 1;
    assert_false(multiboot_find((struct span){image, sizeof image}, &version, &offset));
    assert_false(multiboot_find((struct span){image, 8}, &version, &offset));
    assert_int_equal(read_plan(), STATUS_MULTIBOOT_KERNEL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sound_headers_are_read, reset),
        cmocka_unit_test_setup(addresses_come_before_elf, reset),
        cmocka_unit_test_setup(unknown_demands_are_refused, reset),
        cmocka_unit_test_setup(known_demands_are_taken, reset),
        cmocka_unit_test_setup(wrong_fields_are_refused, reset),
        cmocka_unit_test_setup(segments_over_another_are_refused, reset),
        cmocka_unit_test_setup(single_bytes_are_judged, reset),
        cmocka_unit_test(sections_have_a_limit_together),
        cmocka_unit_test_setup(other_kinds_stay_what_they_are, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
