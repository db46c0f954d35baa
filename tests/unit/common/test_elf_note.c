#include "cmocka_all.h"

#include "elf_plan.h"

#include <stdlib.h>
#include <string.h>

struct builder {
    uint8_t bytes[512];
    uint64_t size;
};

static void add_note(struct builder *builder, uint32_t alignment, uint32_t type, const char *name, uint32_t name_size,
                     const char *descriptor)
{
    const uint32_t header[3] = {name_size, (uint32_t)strlen(descriptor), type};
    memcpy(builder->bytes + builder->size, header, sizeof header);
    memcpy(builder->bytes + builder->size + 12, name, name_size);
    builder->size = (builder->size + 12 + name_size + alignment - 1) / alignment * alignment;
    memcpy(builder->bytes + builder->size, descriptor, header[1]);
    builder->size = (builder->size + header[1] + alignment - 1) / alignment * alignment;
}

static enum status find(const struct builder *builder, uint32_t alignment, const char *name, uint32_t type,
                        struct span *descriptor, struct error *error)
{
    /* a copy of exactly that size, so that the sanitizer sees any byte read beyond it */
    static uint8_t *copy;
    free(copy);
    copy = malloc(builder->size + (builder->size == 0));
    memcpy(copy, builder->bytes, builder->size);
    return elf_note_find((struct span){copy, builder->size}, alignment, name, type, descriptor, error);
}

static void expect(const struct builder *builder, uint32_t alignment, const char *name, uint32_t type, const char *text)
{
    struct span descriptor;
    struct error error;
    assert_int_equal(find(builder, alignment, name, type, &descriptor, &error), STATUS_OK);
    if (text == NULL) {
        assert_null(descriptor.data);
        return;
    }
    assert_int_equal(descriptor.size, strlen(text));
    assert_memory_equal(descriptor.data, text, strlen(text));
}

static void finds_by_name_and_type(void **state)
{
    (void)state;
    for (uint32_t alignment = 4; alignment <= 8; alignment += 4) {
        struct builder builder = {.size = 0};
        add_note(&builder, alignment, 3, "GNU", 4, "build-id of twenty b");
        add_note(&builder, alignment, 1, "Stage", 6, "short");
        add_note(&builder, alignment, 1, "Stagecoach2", 12, "long");
        add_note(&builder, alignment, 2, "Stagecoach", 11, "other type");
        add_note(&builder, alignment, 1, "Stagecoach", 11, "the one");
        add_note(&builder, alignment, 1, "Stagecoach", 11, "a second one");
        add_note(&builder, alignment, 7, "bare", 4, "no NUL");
        add_note(&builder, alignment, 9, "", 0, "nameless");
        add_note(&builder, alignment, 10, "Empty", 6, "");
        expect(&builder, alignment, "Stagecoach", 1, "the one");
        expect(&builder, alignment, "Stagecoach", 2, "other type");
        expect(&builder, alignment, "Stage", 1, "short");
        expect(&builder, alignment, "bare", 7, "no NUL");
        expect(&builder, alignment, "", 9, "nameless");
        expect(&builder, alignment, "Empty", 10, "");
        expect(&builder, alignment, "Stagecoach", 3, NULL);
        expect(&builder, alignment, "Nobody", 1, NULL);
    }
}

static void nothing_in_nothing(void **state)
{
    (void)state;
    const struct builder builder = {.size = 0};
    expect(&builder, 4, "Stagecoach", 1, NULL);
}

static void the_last_padding_may_be_missing(void **state)
{
    (void)state;
    struct builder builder = {.size = 0};
    add_note(&builder, 8, 1, "Stagecoach", 11, "odd");
    builder.size -= 5;
    expect(&builder, 8, "Stagecoach", 1, "odd");
    expect(&builder, 8, "Stagecoach", 2, NULL);

    builder.size = 0;
    add_note(&builder, 8, 1, "N", 2, "");
    builder.size = 14;
    expect(&builder, 8, "N", 1, "");
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    struct builder whole = {.size = 0};
    add_note(&whole, 4, 3, "GNU", 4, "12345678");
    for (uint64_t size = 1; size < whole.size; size++) {
        struct builder cut = whole;
        struct span descriptor;
        struct error error;
        cut.size = size;
        assert_int_equal(find(&cut, 4, "Stagecoach", 1, &descriptor, &error), STATUS_ELF_NOTE);
        assert_non_null(strstr(error.text, "byte 0"));
    }
}

static void sizes_lie(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{0xffffffff, 4}, {4, 0xffffffff}, {0xfffffffc, 0xfffffffc}, {5, 5}, {100, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct builder builder = {.size = 0};
        struct span descriptor;
        struct error error;
        add_note(&builder, 4, 1, "GNU", 4, "1234");
        memcpy(builder.bytes, sizes[i], 8);
        assert_int_equal(find(&builder, 4, "Stagecoach", 1, &descriptor, &error), STATUS_ELF_NOTE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_name_and_type),
        cmocka_unit_test(nothing_in_nothing),
        cmocka_unit_test(the_last_padding_may_be_missing),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(sizes_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
