#include "cmocka_all.h"

#include "kernel_plan.h"
#include "support/elf_image.h"

#include <string.h>

#define CODE 0xffffffff80001000ull

static struct elf_image image;
static struct kernel_plan plan;
static struct error error;
static unsigned reads;
static unsigned failing_read; /* the n-th read fails; 0: none */
static enum status read_image(void *context, uint64_t offset, uint64_t size, void *to, struct error *failure)
{
    assert_ptr_equal(context, &image);
    assert_true(size > 0 && offset <= image.size && size <= image.size - offset);
    if (++reads == failing_read)
        return error_set(failure, STATUS_READ_ERROR, "sector %u", 7u);
    memcpy(to, image.bytes + offset, size);
    return STATUS_OK;
}

static enum status read_plan(void)
{
    const struct file_source source = {
        .read = read_image, .context = &image, .size = image.size, .name = "/kernel.elf"};
    reads = 0;
    memset(&error, 0, sizeof error);
    enum status status = kernel_plan_read(&source, &plan, &error);
    if (status != STATUS_OK)
        assert_memory_equal(error.text, "/kernel.elf: ", 13);
    return status;
}

static void put_note(uint64_t offset, const struct boot_config *config, uint32_t size)
{
    struct boot_note note = {
        .name_size = sizeof BOOT_NOTE_NAME, .descriptor_size = size, .type = BOOT_NOTE_CONFIG, .name = BOOT_NOTE_NAME};
    memcpy(image.bytes + offset, &note, offsetof(struct boot_note, config));
    memcpy(image.bytes + offset + offsetof(struct boot_note, config), config, sizeof *config);
}

static struct boot_config standard(void)
{
    return (struct boot_config){.size = sizeof(struct boot_config), .version = BOOT_PROTOCOL_VERSION};
}

/* A kernel of three segments with a note at 0x300. */
static void make_kernel(uint16_t type, const struct boot_config *config)
{
    elf_image_start(&image, type, CODE);
    elf_image_add(&image, PT_LOAD, PF_R, 0, CODE - 0x1000, 0x800, 0x800);
    elf_image_add(&image, PT_LOAD, PF_R | PF_X, 0x1000, CODE, 0x800, 0x800);
    elf_image_add(&image, PT_LOAD, PF_R | PF_W, 0x2000, CODE + 0x1000, 0x800, 0x3000);
    elf_image_add(&image, PT_NOTE, PF_R, 0x300, CODE - 0x1000 + 0x300, sizeof(struct boot_note),
                  sizeof(struct boot_note))
        ->p_align = 8;
    put_note(0x300, config, sizeof *config);
}

static void ordinary_kernel(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_EXEC, &config);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(reads, 1);
    assert_int_equal(plan.protocol, KERNEL_NATIVE);
    assert_int_equal(plan.stack_size, 65536);
    assert_int_equal(plan.stack.kind, WISH_ANYWHERE);
    assert_int_equal(plan.base.kind, WISH_FIXED);
    assert_int_equal(plan.base.address, CODE - 0x1000);
    assert_int_equal(plan.boot_info.kind, WISH_ANYWHERE);
    assert_int_equal(plan.framebuffer.kind, WISH_ANYWHERE);
    assert_int_equal(plan.physical_memory.kind, WISH_NOWHERE);
    assert_int_equal(plan.recursive.kind, WISH_NOWHERE);
    assert_int_equal(plan.ramdisk.kind, WISH_ANYWHERE);
    assert_int_equal(plan.dynamic_start, 0xffff800000000000);
    assert_int_equal(plan.dynamic_end, 0xffffffffffe00000);
    assert_int_equal(plan.elf.segment_count, 3);
}

static void all_wishes(void **state)
{
    (void)state;
    struct boot_config config = {
        .size = sizeof config,
        .version = BOOT_PROTOCOL_VERSION,
        .kernel_stack_size = 1,
        .kernel_stack = 0x7000,
        .kernel_base = 0xffffffff90000000,
        .boot_info = 0xffff900000001000,
        .framebuffer = BOOT_NOWHERE,
        .physical_memory = 0xffff900000200000,
        .page_table_recursive = 0xffffff0000000000,
        .ramdisk = BOOT_NOWHERE,
        .dynamic_range_start = 0x1000,
        .dynamic_range_end = 0x800000000000,
        .minimum_framebuffer_width = 1024,
        .minimum_framebuffer_height = 768,
    };
    make_kernel(ET_DYN, &config);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.stack_size, 4096);
    assert_int_equal(plan.stack.kind, WISH_FIXED);
    assert_int_equal(plan.stack.address, 0x7000);
    assert_int_equal(plan.base.kind, WISH_FIXED);
    assert_int_equal(plan.base.address, 0xffffffff90000000);
    assert_int_equal(plan.boot_info.address, 0xffff900000001000);
    assert_int_equal(plan.framebuffer.kind, WISH_NOWHERE);
    assert_int_equal(plan.physical_memory.address, 0xffff900000200000);
    assert_int_equal(plan.recursive.address, 0xffffff0000000000);
    assert_int_equal(plan.ramdisk.kind, WISH_NOWHERE);
    assert_int_equal(plan.dynamic_start, 0x1000);
    assert_int_equal(plan.dynamic_end, 0x800000000000);
    assert_int_equal(plan.minimum_width, 1024);
    assert_int_equal(plan.minimum_height, 768);
}

struct wish_case {
    size_t field; /* offset of a 64-bit field */
    uint64_t value;
    enum status dyn, exec; /* expected for ET_DYN and ET_EXEC */
    const char *says;
};
#define FIELD(name) offsetof(struct boot_config, name)
#define BOTH(status) status, status

static void one_wish(void **state)
{
    (void)state;
    static const struct wish_case cases[] = {
        {FIELD(flags), 1, BOTH(STATUS_OK), ""},
        {FIELD(flags), 2, BOTH(STATUS_OK), ""},
        {FIELD(flags), 4, BOTH(STATUS_WISH_VALUE), "flags is 0x4"},
        {FIELD(flags), 1ull << 63, BOTH(STATUS_WISH_VALUE), "flags is 0x8000000000000000"},
        {FIELD(kernel_stack_size), 4097, BOTH(STATUS_OK), ""},
        {FIELD(kernel_stack_size), 1ull << 30, BOTH(STATUS_OK), ""},
        {FIELD(kernel_stack_size), (1ull << 30) + 1, BOTH(STATUS_WISH_VALUE), "at most 1 GiB"},
        {FIELD(kernel_stack_size), UINT64_MAX, BOTH(STATUS_WISH_VALUE), "at most 1 GiB"},
        {FIELD(kernel_stack), BOOT_ANYWHERE, BOTH(STATUS_OK), ""},
        {FIELD(kernel_stack), BOOT_NOWHERE, BOTH(STATUS_WISH_VALUE), "kernel_stack is 0x2, but this can't be"},
        {FIELD(kernel_stack), 3, BOTH(STATUS_WISH_VALUE), "multiple of 4 KiB"},
        {FIELD(kernel_stack), 0x7ffffffff000, BOTH(STATUS_WISH_VALUE), "leave its half"},
        {FIELD(kernel_stack), 0x7fffffff0000, BOTH(STATUS_OK), ""},
        {FIELD(kernel_stack), 0xffffffffffff0000, BOTH(STATUS_OK), ""},
        {FIELD(kernel_stack), 0xfffffffffffff000, BOTH(STATUS_WISH_VALUE), "leave its half"},
        {FIELD(kernel_stack), 0x800000000000, BOTH(STATUS_WISH_VALUE), "no x86_64 address"},
        {FIELD(kernel_stack), 0xffff7ffffffff000, BOTH(STATUS_WISH_VALUE), "no x86_64 address"},
        {FIELD(kernel_base), BOOT_ANYWHERE, BOTH(STATUS_OK), ""},
        {FIELD(kernel_base), BOOT_NOWHERE, BOTH(STATUS_WISH_VALUE), "kernel_base"},
        {FIELD(kernel_base), 0x200000, STATUS_OK, STATUS_WISH_VALUE, "ET_EXEC"},
        {FIELD(kernel_base), 0x200001, BOTH(STATUS_WISH_VALUE), "kernel_base is 0x200001"},
        {FIELD(kernel_base), 0x7fffffffe000, STATUS_WISH_VALUE, STATUS_WISH_VALUE, "kernel_base"},
        {FIELD(kernel_base), 0xfffffffffffff000, STATUS_WISH_VALUE, STATUS_WISH_VALUE, "kernel_base"},
        {FIELD(boot_info), BOOT_NOWHERE, BOTH(STATUS_WISH_VALUE), "boot_info is 0x2"},
        {FIELD(boot_info), 0x1000, BOTH(STATUS_OK), ""},
        {FIELD(boot_info), 0x1008, BOTH(STATUS_WISH_VALUE), "multiple of 4 KiB"},
        {FIELD(framebuffer), BOOT_NOWHERE, BOTH(STATUS_OK), ""},
        {FIELD(framebuffer), 0x1fff, BOTH(STATUS_WISH_VALUE), "framebuffer"},
        {FIELD(physical_memory), BOOT_ANYWHERE, BOTH(STATUS_OK), ""},
        {FIELD(physical_memory), BOOT_NOWHERE, BOTH(STATUS_OK), ""},
        {FIELD(physical_memory), 0xffff800000200000, BOTH(STATUS_OK), ""},
        {FIELD(physical_memory), 0xffff800000100000, BOTH(STATUS_WISH_VALUE), "multiple of 2 MiB"},
        {FIELD(page_table_recursive), BOOT_ANYWHERE, BOTH(STATUS_OK), ""},
        {FIELD(page_table_recursive), 0x8000000000, BOTH(STATUS_OK), ""},
        {FIELD(page_table_recursive), 0x4000000000, BOTH(STATUS_WISH_VALUE), "multiple of 512 GiB"},
        {FIELD(ramdisk), BOOT_NOWHERE, BOTH(STATUS_OK), ""},
        {FIELD(ramdisk), 0xabc, BOTH(STATUS_WISH_VALUE), "ramdisk"},
        {FIELD(dynamic_range_start), 0xffff900000000000, BOTH(STATUS_OK), ""},
        {FIELD(dynamic_range_start), 0xffff900000000001, BOTH(STATUS_WISH_VALUE), "dynamic_range_start"},
        {FIELD(dynamic_range_start), 0x1000, BOTH(STATUS_WISH_VALUE), "same half"},
        {FIELD(dynamic_range_start), 0xffffffffffe00000, BOTH(STATUS_WISH_VALUE), "below the end"},
        {FIELD(dynamic_range_end), 0xfffffffffffff000, BOTH(STATUS_OK), ""},
        {FIELD(dynamic_range_end), 0xffff800000000000, BOTH(STATUS_WISH_VALUE), "below the end"},
        {FIELD(dynamic_range_end), 0xffff800000000fff, BOTH(STATUS_WISH_VALUE), "dynamic_range_end"},
        {FIELD(dynamic_range_end), 0x800000000000, BOTH(STATUS_WISH_VALUE), "below the end"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (uint16_t type = ET_EXEC; type <= ET_DYN; type++) {
            struct boot_config config = standard();
            memcpy((uint8_t *)&config + cases[i].field, &cases[i].value, 8);
            make_kernel(type, &config);
            enum status status = read_plan(), expected = type == ET_DYN ? cases[i].dyn : cases[i].exec;
            if (status != expected || (status != STATUS_OK && strstr(error.text, cases[i].says) == NULL))
                fail_msg("case %zu, type %u: status %d, %s", i, type, status, error.text);
        }
    }
}

static void stack_size_is_rounded(void **state)
{
    (void)state;
    static const uint64_t sizes[][2] = {
        {1, 4096}, {4096, 4096}, {4097, 8192}, {1 << 30, 1 << 30}, {(1 << 30) - 1, 1 << 30}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct boot_config config = standard();
        config.kernel_stack_size = sizes[i][0];
        make_kernel(ET_EXEC, &config);
        assert_int_equal(read_plan(), STATUS_OK);
        assert_int_equal(plan.stack_size, sizes[i][1]);
    }
}

static void base_keeps_the_alignment(void **state)
{
    (void)state;
    static const struct {
        uint64_t base;
        enum status expected;
    } cases[] = {
        {0xffff800000000000, STATUS_OK}, {0xffff800000001000, STATUS_WISH_VALUE}, {0xffff800000200000, STATUS_OK}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct boot_config config = standard();
        config.kernel_base = cases[i].base;
        make_kernel(ET_DYN, &config);
        ((Elf64_Phdr *)(void *)(image.bytes + 64))->p_align = 0x200000;
        assert_int_equal(read_plan(), cases[i].expected);
    }
    assert_int_equal(plan.elf.alignment, 0x200000);
}

static void sizes_and_versions(void **state)
{
    (void)state;
    static const struct {
        uint32_t size, descriptor, version;
        enum status expected;
    } cases[] = {
        {104, 104, 1, STATUS_OK},
        {104, 104, 0, STATUS_WISH_VERSION},
        {104, 104, 2, STATUS_WISH_VERSION},
        {8, 8, 1, STATUS_OK},
        {16, 16, 1, STATUS_OK},
        {96, 96, 1, STATUS_OK},
        {128, 128, 1, STATUS_OK},
        {100, 100, 1, STATUS_WISH_SIZE},
        {104, 112, 1, STATUS_WISH_SIZE},
        {112, 104, 1, STATUS_WISH_SIZE},
        {0, 0, 1, STATUS_WISH_SIZE},
        {7, 7, 1, STATUS_WISH_SIZE},
        {0, 104, 1, STATUS_WISH_SIZE},
        {0xffffffff, 104, 1, STATUS_WISH_SIZE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct boot_config config = standard();
        make_kernel(ET_EXEC, &config);
        config.size = cases[i].size;
        config.version = cases[i].version;
        put_note(0x300, &config, cases[i].descriptor);
        Elf64_Phdr *note = (Elf64_Phdr *)(void *)(image.bytes + 64 + 3 * 56);
        note->p_filesz = offsetof(struct boot_note, config) + cases[i].descriptor;
        assert_int_equal(read_plan(), cases[i].expected);
    }
}

static void older_kernels_get_defaults(void **state)
{
    (void)state;
    struct boot_config config = standard();
    config.kernel_stack_size = 0x5000;
    config.ramdisk = BOOT_NOWHERE; /* lies behind the note's end */
    make_kernel(ET_EXEC, &config);
    config.size = 24;
    put_note(0x300, &config, 24);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.stack_size, 0x5000);
    assert_int_equal(plan.ramdisk.kind, WISH_ANYWHERE);
}

static void newer_kernels_may_not_ask_for_more(void **state)
{
    (void)state;
    for (unsigned byte = sizeof(struct boot_config); byte < 128; byte++) {
        struct boot_config config = standard();
        config.size = 128;
        make_kernel(ET_EXEC, &config);
        put_note(0x300, &config, 128);
        Elf64_Phdr *note = (Elf64_Phdr *)(void *)(image.bytes + 64 + 3 * 56);
        note->p_filesz = offsetof(struct boot_note, config) + 128;
        image.bytes[0x300 + 24 + byte] = 1;
        assert_int_equal(read_plan(), STATUS_WISH_SIZE);
        assert_non_null(strstr(error.text, "newer"));
    }
}

static void no_note(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_EXEC, &config);
    image.bytes[0x300 + 12] = 's';
    assert_int_equal(read_plan(), STATUS_NO_PROTOCOL);
    assert_non_null(strstr(error.text, "add BOOT_CONFIG();"));
    make_kernel(ET_EXEC, &config);
    elf_image_header(&image)->e_phnum--;
    assert_int_equal(read_plan(), STATUS_NO_PROTOCOL);
}

static void writable_code_must_be_asked_for(void **state)
{
    (void)state;
    for (uint64_t flags = 0; flags < 2; flags++) {
        struct boot_config config = standard();
        config.flags = flags;
        make_kernel(ET_EXEC, &config);
        ((Elf64_Phdr *)(void *)(image.bytes + 64 + 56))->p_flags |= PF_W;
        assert_int_equal(read_plan(), flags == 0 ? STATUS_ELF_WX : STATUS_OK);
    }
}

static void distant_parts(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_EXEC, &config);
    Elf64_Phdr *headers = (Elf64_Phdr *)(void *)(image.bytes + 64);
    headers[3].p_offset = 0x9000;
    put_note(0x9000, &config, sizeof config);
    memset(image.bytes + 0x300, 0, sizeof(struct boot_note));
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(reads, 2);

    memcpy(image.bytes + 0xa001, headers, 4 * sizeof *headers);
    memset(headers, 0xff, 4 * sizeof *headers);
    elf_image_header(&image)->e_phoff = 0xa001;
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(reads, 3);
    assert_int_equal(plan.elf.segment_count, 3);

    for (failing_read = 1; failing_read <= 3; failing_read++) {
        assert_int_equal(read_plan(), STATUS_READ_ERROR);
        assert_string_equal(error.text, "/kernel.elf: sector 7");
    }
    failing_read = 0;
}

static void the_note_is_found_behind_others(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_EXEC, &config);
    static const uint32_t build_id[9] = {4, 20, 3, 0x554e47, 1, 2, 3, 4, 5};
    memcpy(image.bytes + 0x500, build_id, sizeof build_id);
    Elf64_Phdr *headers = (Elf64_Phdr *)(void *)(image.bytes + 64);
    headers[4] = headers[3];
    headers[3].p_offset = 0x500;
    headers[3].p_filesz = sizeof build_id;
    headers[3].p_align = 4;
    elf_image_header(&image)->e_phnum++;
    assert_int_equal(read_plan(), STATUS_OK);

    image.bytes[0x504] = 21; /* a broken note of someone else is still a damaged file */
    assert_int_equal(read_plan(), STATUS_ELF_NOTE);
}

static void limits(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_EXEC, &config);
    image.size = 1ull << 40; /* nothing of it is read */
    elf_image_header(&image)->e_phnum = 1171;
    assert_int_equal(read_plan(), STATUS_ELF_HEADERS);
    assert_non_null(strstr(error.text, "1171 program headers"));

    make_kernel(ET_EXEC, &config);
    image.size = 1ull << 40;
    ((Elf64_Phdr *)(void *)(image.bytes + 64))[3].p_filesz = KERNEL_HEAD_MAX + 1;
    assert_int_equal(read_plan(), STATUS_ELF_NOTE);

    image.size = 0;
    assert_int_equal(read_plan(), STATUS_FILE_EMPTY);
    for (image.size = 1; image.size < 64; image.size++)
        assert_int_equal(read_plan(), STATUS_ELF_TRUNCATED);
}

static void libraries(void **state)
{
    (void)state;
    static const struct {
        Elf64_Dyn first;
        bool interpreter;
        enum status expected;
    } cases[] = {
        {{DT_FLAGS, {0}}, true, STATUS_OK},
        {{DT_NEEDED, {1}}, true, STATUS_ELF_INTERP},
        {{DT_NEEDED, {1}}, false, STATUS_OK}, /* elf_relocate() refuses it */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (uint64_t offset = 0x600; offset <= 0x2600; offset += 0x2000) {
            struct boot_config config = standard();
            make_kernel(ET_DYN, &config);
            uint64_t address = CODE - 0x1000 + (offset == 0x600 ? 0x600 : 0x2600);
            elf_image_add(&image, PT_DYNAMIC, PF_R, offset, address, 0x100, 0x100);
            if (cases[i].interpreter)
                elf_image_add(&image, PT_INTERP, PF_R, 0x800, CODE, 0x10, 0x10);
            memcpy(image.bytes + offset + 16, &cases[i].first, 16);
            memcpy(image.bytes + offset, &(Elf64_Dyn){DT_FLAGS_1, {0}}, 16);
            assert_int_equal(read_plan(), cases[i].expected);
            bool all_in_head = offset == 0x600 || offset + 0x100 <= ELF_HEAD_SIZE || !cases[i].interpreter;
            assert_int_equal(reads, all_in_head ? 1 : 2);
        }
    }
}

/* Nothing in the note is trusted: each byte, each value. */
static void every_byte_of_the_note(void **state)
{
    (void)state;
    struct boot_config config = standard();
    make_kernel(ET_DYN, &config);
    for (unsigned byte = 0; byte < sizeof(struct boot_note); byte++) {
        uint8_t *at = &image.bytes[0x300 + byte], before = *at;
        for (unsigned value = 0; value < 256; value++) {
            *at = (uint8_t)value;
            enum status status = read_plan();
            if (status != STATUS_OK)
                assert_true(strlen(error.text) > 30);
            else
                assert_true(plan.stack_size % 4096 == 0 && plan.stack_size > 0 && plan.stack_size <= 1 << 30);
        }
        *at = before;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_kernel),
        cmocka_unit_test(all_wishes),
        cmocka_unit_test(one_wish),
        cmocka_unit_test(stack_size_is_rounded),
        cmocka_unit_test(base_keeps_the_alignment),
        cmocka_unit_test(sizes_and_versions),
        cmocka_unit_test(older_kernels_get_defaults),
        cmocka_unit_test(newer_kernels_may_not_ask_for_more),
        cmocka_unit_test(no_note),
        cmocka_unit_test(writable_code_must_be_asked_for),
        cmocka_unit_test(distant_parts),
        cmocka_unit_test(the_note_is_found_behind_others),
        cmocka_unit_test(limits),
        cmocka_unit_test(libraries),
        cmocka_unit_test(every_byte_of_the_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
