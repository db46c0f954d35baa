/* Which pages get which rights: segments that share a page, and GNU_RELRO. */
#include "cmocka_all.h"

#include "elf_plan.h"
#include "support/elf_image.h"
#include "support/elf_valid.h"

#include <string.h>

#define R PF_R
#define W PF_W
#define X PF_X

static struct elf_image image;
static struct elf_plan plan;
static Elf64_Phdr *data; /* the last segment of ordinary() */

static enum status make(void)
{
    struct error error;
    enum status status = elf_plan_make(elf_image_head(&image), image.size, false, &plan, &error);
    const char *wrong = status == STATUS_OK ? elf_valid(&plan, (struct span){image.bytes, image.size}, false) : NULL;
    if (wrong != NULL)
        fail_msg("accepted a plan with a wrong %s", wrong);
    return status;
}

/* Constants, code, data with .bss. */
static void ordinary(void)
{
    elf_image_start(&image, ET_DYN, 0x401010);
    elf_image_add(&image, PT_LOAD, R, 0, 0x400000, 0x800, 0x800);
    elf_image_add(&image, PT_LOAD, R | X, 0x1000, 0x401000, 0x800, 0x800);
    data = elf_image_add(&image, PT_LOAD, R | W, 0x2000, 0x402000, 0x100, 0x3000);
}

static void expect_runs(const struct elf_run *expected, unsigned count)
{
    assert_int_equal(plan.run_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(plan.runs[i].address, expected[i].address);
        assert_int_equal(plan.runs[i].size, expected[i].size);
        assert_int_equal(plan.runs[i].rights, expected[i].rights);
        assert_int_equal(plan.runs[i].block, expected[i].block);
    }
}

static void shared_pages(void **state)
{
    (void)state;
    elf_image_start(&image, ET_EXEC, 0x1810);
    elf_image_add(&image, PT_LOAD, R, 0, 0x1000, 0x100, 0x100);
    elf_image_add(&image, PT_LOAD, R | X, 0x1800, 0x1800, 0x100, 0x2000);
    elf_image_add(&image, PT_LOAD, R, 0, 0x3900, 0x100, 0x2000);
    elf_image_add(&image, PT_LOAD, R | W, 0, 0x6000, 0x100, 0x800);
    elf_image_add(&image, PT_LOAD, R | W, 0, 0x6900, 0x100, 0x100);
    elf_image_add(&image, PT_LOAD, R | W, 0, 0x8000, 0x100, 0x100);
    assert_int_equal(make(), STATUS_OK);
    static const struct elf_run expected[] = {
        {0x1000, 0x3000, R | X, 0}, {0x4000, 0x2000, R, 0}, {0x6000, 0x1000, R | W, 0}, {0x8000, 0x1000, R | W, 1}};
    expect_runs(expected, ARRAY_LENGTH(expected));
}

static void relro(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, size;
        uint32_t rights[4]; /* of the pages from 0x402000 on; the segment is 0x402100..0x405800 */
    } cases[] = {
        {0x402100, 0x1f00, {R, R, R | W, R | W}},         /* ld: from the segment's start to a page's end */
        {0x402000, 0x2000, {R, R, R | W, R | W}},         /* from the page's start: the same */
        {0x402101, 0x1eff, {R | W, R, R | W, R | W}},     /* one writable byte before: its page stays writable */
        {0x402100, 0x1eff, {R, R | W, R | W, R | W}},     /* one writable byte behind */
        {0x402100, 0x3700, {R, R, R, R}},                 /* all, ending with the segment */
        {0x402100, 0x3f00, {R, R, R, R}},                 /* lld: rounded up beyond the segment */
        {0x403000, 0x1000, {R | W, R, R | W, R | W}},     /* a page in the middle */
        {0x403010, 0x0ff0, {R | W, R | W, R | W, R | W}}, /* not a whole page */
        {0x400000, 0x1000, {R | W, R | W, R | W, R | W}}, /* nothing writable there */
        {0x403000, 0, {R | W, R | W, R | W, R | W}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ordinary();
        data->p_vaddr = 0x402100;
        data->p_memsz = 0x3700;
        elf_image_add(&image, PT_GNU_RELRO, R, 0, cases[i].address, 0, cases[i].size);
        assert_int_equal(make(), STATUS_OK);
        for (unsigned page = 0; page < 4; page++)
            for (unsigned run = 0; run < plan.run_count; run++)
                if (0x402000 + page * 0x1000 - plan.runs[run].address < plan.runs[run].size)
                    assert_int_equal(plan.runs[run].rights, cases[i].rights[page]);
    }
}

static void relro_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, size;
    } cases[] = {
        {0x405000, 0x1000},
        {0x404000, 0x1001},
        {0x3ff000, 0x2000},
        {UINT64_MAX, 1},
        {UINT64_MAX, 2},
        {0x402000, UINT64_MAX},
        {0x402000, UINT64_MAX - 0x402000},
        {0, 0x1000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ordinary();
        elf_image_add(&image, PT_GNU_RELRO, R, 0, cases[i].address, 0, cases[i].size);
        assert_int_equal(make(), STATUS_ELF_RELRO);
    }
    ordinary();
    elf_image_add(&image, PT_GNU_RELRO, R, 0, 0x402000, 0, 0x1000);
    elf_image_add(&image, PT_GNU_RELRO, R, 0, 0x402000, 0, 0x1000);
    assert_int_equal(make(), STATUS_ELF_RELRO);
}

static void relro_makes_a_shared_page_safe(void **state)
{
    (void)state; /* code and RELRO data in one page: writable only until relocation is done */
    elf_image_start(&image, ET_DYN, 0x1010);
    elf_image_add(&image, PT_LOAD, R | X, 0x1000, 0x1000, 0x100, 0x100);
    elf_image_add(&image, PT_LOAD, R | W, 0x1800, 0x1800, 0x100, 0x100);
    assert_int_equal(make(), STATUS_ELF_WX);
    elf_image_add(&image, PT_GNU_RELRO, R, 0x1800, 0x1800, 0x100, 0x100);
    assert_int_equal(make(), STATUS_OK);
    assert_int_equal(plan.runs[0].rights, R | X);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_pages),
        cmocka_unit_test(relro),
        cmocka_unit_test(relro_refused),
        cmocka_unit_test(relro_makes_a_shared_page_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
