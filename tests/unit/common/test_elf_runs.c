/* Random sets of segments against a model that paints bytes. */
#include "cmocka_all.h"

#include "elf_plan.h"
#include "support/elf_image.h"
#include "support/elf_valid.h"

#include <stdlib.h>
#include <string.h>

#define PAGES 12u
#define BYTES (PAGES * 4096u)
#define CASES 6000u

static uint64_t random_state = 0x2545f4914f6cdd1d;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

struct model {
    uint64_t base;
    uint8_t rights[BYTES]; /* of the segment that has the byte; 0x80: some segment has it */
    bool relro[BYTES];
    bool overlap, wx;
    uint32_t pages[PAGES]; /* expected: 0x80 and rights */
};

static void paint(struct model *model, uint64_t start, uint64_t size, uint32_t rights)
{
    for (uint64_t i = start; i < start + size; i++) {
        model->overlap |= model->rights[i] != 0;
        model->rights[i] = (uint8_t)(0x80 | rights);
    }
    model->wx |= (rights & (PF_W | PF_X)) == (PF_W | PF_X);
}

static void judge_page(struct model *model, unsigned page)
{
    bool relro = false, free_write = false;
    model->pages[page] = 0;
    for (unsigned i = page * 4096; i < (page + 1) * 4096; i++) {
        model->pages[page] |= model->rights[i];
        relro |= model->relro[i];
        free_write |= (model->rights[i] & PF_W) != 0 && !model->relro[i];
    }
    if (relro && !free_write)
        model->pages[page] &= ~(uint32_t)PF_W;
    model->wx |= (model->pages[page] & (PF_W | PF_X)) == (PF_W | PF_X);
}

/* Sizes and places that favour page borders, where the mistakes are. */
static uint64_t random_place(uint64_t limit)
{
    uint64_t place = random_below(limit + 1);
    switch (random_below(4)) {
    case 0:
        return place & ~4095ull;
    case 1:
        place = (place & ~4095ull) + random_below(3) + 4095;
        return place > limit ? limit : place;
    default:
        return place;
    }
}

static void add_segments(struct elf_image *image, struct model *model)
{
    static const uint32_t rights[] = {PF_R, PF_R | PF_X, PF_R | PF_W, PF_R | PF_W, PF_X, PF_W, 0, PF_R | PF_W | PF_X};
    uint64_t count = 1 + random_below(8), at = 0;
    for (uint64_t i = 0; i < count; i++) {
        bool sorted = random_below(8) != 0;
        uint64_t start = sorted ? at + random_place((BYTES - at) / 2) : random_place(BYTES - 1);
        if (start >= BYTES)
            break;
        uint64_t size = 1 + random_place((BYTES - start) / 2);
        if (size > BYTES - start)
            size = BYTES - start;
        uint32_t flags = rights[random_below(random_below(4) == 0 ? ARRAY_LENGTH(rights) : 4)];
        uint64_t file_size = random_below(2) != 0 ? size : random_below(size + 1);
        elf_image_add(image, PT_LOAD, flags, random_below(1000), model->base + start, file_size, size);
        paint(model, start, size, flags);
        at = start + size;
    }
}

static void add_relro(struct elf_image *image, struct model *model)
{
    uint64_t start = random_place(BYTES - 1), size = 1 + random_place(BYTES - start - 1);
    if (random_below(3) == 0)
        return;
    elf_image_add(image, PT_GNU_RELRO, PF_R, 0, model->base + start, 0, size);
    memset(model->relro + start, 1, size);
}

/* The entry point that makes the entry check pass, if there can be one. */
static bool choose_entry(struct elf_image *image)
{
    Elf64_Ehdr *header = elf_image_header(image);
    const Elf64_Phdr *entries = (const Elf64_Phdr *)(const void *)(header + 1);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (entries[i].p_type != PT_LOAD || (entries[i].p_flags & PF_X) == 0 || entries[i].p_filesz == 0)
            continue;
        header->e_entry = entries[i].p_vaddr + random_below(entries[i].p_filesz);
        return true;
    }
    return false;
}

static bool relro_is_mapped(const struct model *model)
{
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned i = 0; i < 4096; i++)
            if (model->relro[page * 4096 + i] && model->pages[page] == 0)
                return false;
    return true;
}

static void expect_pages(const struct model *model, const struct elf_plan *plan)
{
    uint32_t pages[PAGES] = {0};
    for (uint32_t i = 0; i < plan->run_count; i++)
        for (uint64_t at = 0; at < plan->runs[i].size; at += 4096)
            pages[(plan->runs[i].address + at - model->base) / 4096] = 0x80 | plan->runs[i].rights;
    assert_memory_equal(pages, model->pages, sizeof pages);
}

static unsigned accepted, overlapping, refused_wx;

static void one_case(uint64_t base, uint16_t type)
{
    static struct elf_image image;
    static struct model model;
    static struct elf_plan plan;
    struct error error;
    memset(&model, 0, sizeof model);
    model.base = base;
    elf_image_start(&image, type, 0);
    add_segments(&image, &model);
    add_relro(&image, &model);
    bool has_entry = choose_entry(&image);
    for (unsigned page = 0; page < PAGES; page++)
        judge_page(&model, page);

    bool allow_wx = random_below(4) == 0;
    enum status status = elf_plan_make(elf_image_head(&image), image.size, allow_wx, &plan, &error);
    if (model.overlap)
        assert_int_equal(status, STATUS_ELF_OVERLAP);
    else if (!relro_is_mapped(&model))
        assert_int_equal(status, STATUS_ELF_RELRO);
    else if (!has_entry)
        assert_int_equal(status, STATUS_ELF_ENTRY);
    else
        assert_int_equal(status, model.wx && !allow_wx ? STATUS_ELF_WX : STATUS_OK);
    overlapping += model.overlap;
    refused_wx += status == STATUS_ELF_WX;
    if (status != STATUS_OK)
        return;
    accepted++;
    expect_pages(&model, &plan);
    const char *wrong = elf_valid(&plan, (struct span){image.bytes, image.size}, allow_wx);
    if (wrong != NULL)
        fail_msg("wrong: %s", wrong);
}

static void random_segments(void **state)
{
    (void)state;
    static const uint64_t bases[] = {
        0, 0x200000, (1ull << 47) - BYTES, 0xffff800000000000, 0xffffffff80000000, 0ull - 4096 - BYTES};
    for (unsigned i = 0; i < CASES; i++)
        one_case(bases[i % ARRAY_LENGTH(bases)], i / ARRAY_LENGTH(bases) % 2 == 0 ? ET_EXEC : ET_DYN);
    /* the cases are worth something only if each verdict is common */
    assert_true(accepted > CASES / 20 && overlapping > CASES / 20 && refused_wx > CASES / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_segments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
