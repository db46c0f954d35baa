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
static struct error error;

/* Plans the image as a loader would and holds success against the second opinion. */
static enum status make(bool allow_wx)
{
    uint64_t size = 0;
    struct span head = elf_image_head(&image);
    memset(&error, 0, sizeof error);
    enum status status = elf_headers_size(head, image.size, &size, &error);
    if (status == STATUS_OK && size > head.size)
        head = (struct span){.data = image.bytes, .size = size};
    if (status == STATUS_OK)
        status = elf_plan_make(head, image.size, allow_wx, &plan, &error);
    const struct span file = {.data = image.bytes, .size = image.size};
    const char *wrong = status == STATUS_OK ? elf_valid(&plan, file, allow_wx) : NULL;
    if (wrong != NULL)
        fail_msg("accepted a plan with a wrong %s", wrong);
    assert_true(status == STATUS_OK || (error.status == status && strlen(error.text) > 10));
    return status;
}

/* An ordinary kernel: headers and constants, code, data with .bss. */
static void ordinary(uint16_t type)
{
    elf_image_start(&image, type, 0x401010);
    elf_image_add(&image, PT_LOAD, R, 0, 0x400000, 0x800, 0x800);
    elf_image_add(&image, PT_LOAD, R | X, 0x1000, 0x401000, 0x800, 0x800);
    elf_image_add(&image, PT_LOAD, R | W, 0x2000, 0x402000, 0x100, 0x3000);
}

struct change {
    uint16_t offset, size;
    uint64_t value;
};
#define HEADER(field, value)                                                                                           \
    {                                                                                                                  \
        offsetof(Elf64_Ehdr, field), sizeof((Elf64_Ehdr *)0)->field, value                                             \
    }
#define PROGRAM(index, field, value)                                                                                   \
    {                                                                                                                  \
        64 + 56 * (index) + offsetof(Elf64_Phdr, field), sizeof((Elf64_Phdr *)0)->field, value                         \
    }
#define IDENT(at, value)                                                                                               \
    {                                                                                                                  \
        at, 1, value                                                                                                   \
    }

struct change_case {
    const char *name;
    enum status expected;
    struct change changes[3];
};

static void apply(const struct change *change)
{
    memcpy(image.bytes + change->offset, &change->value, change->size); /* this host is little endian, as the file is */
}

static void check_changes(const struct change_case *cases, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++) {
        ordinary(type);
        for (size_t j = 0; j < ARRAY_LENGTH(cases[i].changes); j++)
            apply(&cases[i].changes[j]);
        enum status status = make(false);
        if (status != cases[i].expected)
            fail_msg("%s: status %d (%s) instead of %d", cases[i].name, status, error.text, cases[i].expected);
    }
}

static void file_header(void **state)
{
    (void)state;
    static const struct change_case cases[] = {
        {"unchanged", STATUS_OK, {{0}}},
        {"magic", STATUS_ELF_MAGIC, {IDENT(0, 0x7e)}},
        {"32 bit", STATUS_ELF_CLASS, {IDENT(EI_CLASS, ELFCLASS32)}},
        {"no class", STATUS_ELF_CLASS, {IDENT(EI_CLASS, 0)}},
        {"big endian", STATUS_ELF_CLASS, {IDENT(EI_DATA, ELFDATA2MSB)}},
        {"identity version", STATUS_ELF_VERSION, {IDENT(EI_VERSION, 2)}},
        {"version", STATUS_ELF_VERSION, {HEADER(e_version, 0)}},
        {"i386", STATUS_ELF_MACHINE, {HEADER(e_machine, EM_386)}},
        {"aarch64", STATUS_ELF_MACHINE, {HEADER(e_machine, EM_AARCH64)}},
        {"object file", STATUS_ELF_TYPE, {HEADER(e_type, ET_REL)}},
        {"core", STATUS_ELF_TYPE, {HEADER(e_type, ET_CORE)}},
        {"OS ABI is not looked at", STATUS_OK, {IDENT(EI_OSABI, 255)}},
        {"flags are not looked at", STATUS_OK, {HEADER(e_flags, 0xffffffff)}},
        {"no program headers", STATUS_ELF_NO_SEGMENT, {HEADER(e_phnum, 0)}},
        {"PN_XNUM", STATUS_ELF_HEADERS, {HEADER(e_phnum, PN_XNUM)}},
        {"program headers past the end", STATUS_ELF_TRUNCATED, {HEADER(e_phnum, 2000)}},
        {"small entries", STATUS_ELF_HEADERS, {HEADER(e_phentsize, 55)}},
        {"large entries", STATUS_ELF_HEADERS, {HEADER(e_phentsize, 64)}},
        {"offset 0", STATUS_ELF_HEADERS, {HEADER(e_phoff, 0)}},
        {"offset inside the header", STATUS_ELF_HEADERS, {HEADER(e_phoff, 63)}},
        {"offset at the end", STATUS_ELF_TRUNCATED, {HEADER(e_phoff, ELF_IMAGE_SIZE)}},
        {"offset beyond the end", STATUS_ELF_TRUNCATED, {HEADER(e_phoff, UINT64_MAX)}},
        {"offset that wraps", STATUS_ELF_TRUNCATED, {HEADER(e_phoff, UINT64_MAX - 100)}},
    };
    check_changes(cases, ARRAY_LENGTH(cases), ET_EXEC);
}

static void segments(void **state)
{
    (void)state;
    static const struct change_case cases[] = {
        {"file size above memory size", STATUS_ELF_SEGMENT, {PROGRAM(1, p_memsz, 0x7ff)}},
        {"file size without memory", STATUS_ELF_SEGMENT, {PROGRAM(1, p_memsz, 0)}},
        {"offset past the end", STATUS_ELF_TRUNCATED, {PROGRAM(1, p_offset, ELF_IMAGE_SIZE - 0x7ff)}},
        {"offset at the very end", STATUS_OK, {PROGRAM(1, p_offset, ELF_IMAGE_SIZE - 0x800)}},
        {"offset that wraps", STATUS_ELF_SEGMENT, {PROGRAM(1, p_offset, UINT64_MAX)}},
        {"no bytes in the file, offset anywhere", STATUS_OK, {PROGRAM(2, p_filesz, 0), PROGRAM(2, p_offset, -1ull)}},
        {"memory of 1 TiB", STATUS_OK, {PROGRAM(2, p_memsz, 1ull << 40)}},
        {"memory of 2^64 - 1", STATUS_ELF_ADDRESS, {PROGRAM(2, p_memsz, UINT64_MAX)}},
        {"memory up to the hole", STATUS_OK, {PROGRAM(2, p_memsz, (1ull << 47) - 0x402000)}},
        {"memory into the hole", STATUS_ELF_ADDRESS, {PROGRAM(2, p_memsz, (1ull << 47) - 0x402000 + 1)}},
        {"address in the hole", STATUS_ELF_ADDRESS, {PROGRAM(2, p_vaddr, 1ull << 47)}},
        {"address just below the upper half", STATUS_ELF_ADDRESS, {PROGRAM(2, p_vaddr, 0xffff7ffffffff000)}},
        {"address in the upper half", STATUS_OK, {PROGRAM(2, p_vaddr, 0xffff800000000000)}},
        {"memory up to the last page", STATUS_OK, {PROGRAM(2, p_vaddr, 0xffffffffffffc000)}},
        {"memory in the last page", STATUS_ELF_ADDRESS, {PROGRAM(2, p_vaddr, 0xffffffffffffc001)}},
        {"memory that wraps", STATUS_ELF_ADDRESS, {PROGRAM(2, p_vaddr, 0xfffffffffffff000)}},
        {"alignment 0", STATUS_OK, {PROGRAM(1, p_align, 0)}},
        {"alignment 1", STATUS_OK, {PROGRAM(1, p_align, 1)}},
        {"alignment 3", STATUS_ELF_ALIGN, {PROGRAM(1, p_align, 3)}},
        {"alignment 2^64 - 1", STATUS_ELF_ALIGN, {PROGRAM(1, p_align, UINT64_MAX)}},
        {"alignment 2 MiB", STATUS_OK, {PROGRAM(1, p_align, 0x200000)}},
        {"alignment 2^63", STATUS_OK, {PROGRAM(1, p_align, 1ull << 63)}},
        {"address and offset differ modulo the page", STATUS_OK, {PROGRAM(1, p_offset, 0x1234)}},
        {"overlap of one byte", STATUS_ELF_OVERLAP, {PROGRAM(0, p_memsz, 0x1001)}},
        {"touching", STATUS_OK, {PROGRAM(0, p_memsz, 0x1000)}},
        {"the same address", STATUS_ELF_OVERLAP, {PROGRAM(2, p_vaddr, 0x401000)}},
        {"one inside the other", STATUS_ELF_OVERLAP, {PROGRAM(2, p_vaddr, 0x400010), PROGRAM(2, p_memsz, 0x100)}},
        {"unsorted", STATUS_OK, {PROGRAM(2, p_vaddr, 0x300000)}},
        {"unsorted overlap", STATUS_ELF_OVERLAP, {PROGRAM(2, p_vaddr, 0x3fd001)}},
        {"writable code", STATUS_ELF_WX, {PROGRAM(1, p_flags, R | W | X)}},
        {"executable data", STATUS_ELF_WX, {PROGRAM(2, p_flags, W | X)}},
        {"code and data share a page", STATUS_ELF_WX, {PROGRAM(2, p_vaddr, 0x401800)}},
        {"code and constants share a page", STATUS_OK, {PROGRAM(1, p_vaddr, 0x400800), HEADER(e_entry, 0x400810)}},
        {"other bits of the rights", STATUS_OK, {PROGRAM(1, p_flags, 0xfffffff0u | R | X)}},
        {"no rights at all", STATUS_OK, {PROGRAM(0, p_flags, 0)}},
        {"empty segment", STATUS_OK, {PROGRAM(2, p_filesz, 0), PROGRAM(2, p_memsz, 0), PROGRAM(2, p_align, 77)}},
        {"code only", STATUS_OK, {PROGRAM(0, p_type, PT_NULL), PROGRAM(2, p_type, 0x12345678)}},
    };
    check_changes(cases, ARRAY_LENGTH(cases), ET_EXEC);
}

static void entry_points(void **state)
{
    (void)state;
    static const struct change_case cases[] = {
        {"first byte", STATUS_OK, {HEADER(e_entry, 0x401000)}},
        {"last byte", STATUS_OK, {HEADER(e_entry, 0x4017ff)}},
        {"behind the code", STATUS_ELF_ENTRY, {HEADER(e_entry, 0x401800)}},
        {"nowhere", STATUS_ELF_ENTRY, {HEADER(e_entry, 0)}},
        {"the last address", STATUS_ELF_ENTRY, {HEADER(e_entry, UINT64_MAX)}},
        {"constants", STATUS_ELF_ENTRY, {HEADER(e_entry, 0x400100)}},
        {"data", STATUS_ELF_ENTRY, {HEADER(e_entry, 0x402000)}},
        {"zeros behind the file's bytes", STATUS_ELF_ENTRY, {PROGRAM(1, p_filesz, 0x10)}},
    };
    check_changes(cases, ARRAY_LENGTH(cases), ET_EXEC);
    check_changes(cases, ARRAY_LENGTH(cases), ET_DYN);
}

static void short_files(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 64 + 3 * 56; size++) {
        ordinary(ET_EXEC);
        image.size = size;
        assert_int_equal(make(false), STATUS_ELF_TRUNCATED);
    }
    uint8_t text[2] = "#!";
    struct span head = {.data = text, .size = sizeof text};
    uint64_t ignored;
    assert_int_equal(elf_headers_size(head, sizeof text, &ignored, &error), STATUS_ELF_TRUNCATED);
}

static void nothing_to_load(void **state)
{
    (void)state;
    elf_image_start(&image, ET_EXEC, 0x401000);
    elf_image_add(&image, PT_NOTE, R, 0x100, 0, 16, 16);
    assert_int_equal(make(false), STATUS_ELF_NO_SEGMENT);
    elf_image_add(&image, PT_LOAD, R | X, 0x1000, 0x401000, 0, 0);
    assert_int_equal(make(false), STATUS_ELF_NO_SEGMENT);
}

static void many_segments(void **state)
{
    (void)state;
    elf_image_start(&image, ET_EXEC, 0x400000);
    for (unsigned i = 0; i < ELF_SEGMENTS_MAX; i++) /* alternating rights, each sharing a page with the next */
        elf_image_add(&image, PT_LOAD, i % 2 == 0 ? R | X : R, 0, 0x400000 + i * 0x1800ull, 0x10, 0x1800);
    assert_int_equal(make(false), STATUS_OK);
    assert_int_equal(plan.segment_count, ELF_SEGMENTS_MAX);
    assert_int_equal(plan.block_count, 1);

    elf_image_add(&image, PT_LOAD, R, 0, 0x800000, 0x10, 0x10);
    assert_int_equal(make(false), STATUS_ELF_TOO_MANY);
}

static void distant_program_headers(void **state)
{
    (void)state;
    ordinary(ET_EXEC);
    memmove(image.bytes + 0xf001, image.bytes + 64, 3 * 56); /* unaligned, too */
    elf_image_header(&image)->e_phoff = 0xf001;
    assert_int_equal(make(false), STATUS_OK);
    uint64_t size;
    assert_int_equal(elf_headers_size(elf_image_head(&image), image.size, &size, &error), STATUS_OK);
    assert_int_equal(size, 0xf001 + 3 * 56);
    assert_int_equal(elf_plan_make(elf_image_head(&image), image.size, false, &plan, &error), STATUS_ELF_TRUNCATED);
}

static void allowed_wx(void **state)
{
    (void)state;
    ordinary(ET_EXEC);
    apply(&(struct change)PROGRAM(1, p_flags, R | W | X));
    assert_int_equal(make(true), STATUS_OK);
    assert_int_equal(elf_plan_check_wx(&plan, &error), STATUS_ELF_WX);
    assert_non_null(strstr(error.text, "0x401000"));
    assert_int_equal(plan.runs[1].rights, R | W | X);
}

static void far_apart(void **state)
{
    (void)state; /* an ET_EXEC may use both halves, an ET_DYN needs one place for all */
    ordinary(ET_EXEC);
    apply(&(struct change)PROGRAM(2, p_vaddr, 0xffffffff80000000));
    assert_int_equal(make(false), STATUS_OK);
    assert_int_equal(plan.block_count, 2);
    ordinary(ET_DYN);
    apply(&(struct change)PROGRAM(2, p_vaddr, 0xffffffff80000000));
    assert_int_equal(make(false), STATUS_ELF_ADDRESS);
}

static void null_page(void **state)
{
    (void)state;
    for (uint16_t type = ET_EXEC; type <= ET_DYN; type++) {
        elf_image_start(&image, type, 0x20);
        elf_image_add(&image, PT_LOAD, R | X, 0x1000, 0x10, 0x100, 0x100);
        assert_int_equal(make(false), STATUS_OK);
        assert_int_equal(plan.null_page, type == ET_EXEC);
        assert_int_equal(plan.lowest, 0);
    }
}

static void tls(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, file_size, memory_size, alignment;
        enum status expected;
    } cases[] = {
        {0x402000, 0x40, 0x1000, 64, STATUS_OK},
        {0x402000, 0x40, 0x40, 0, STATUS_OK},
        {0x123456789, 0, 0x40, 16, STATUS_OK},       /* .tbss alone has no place */
        {0x402000, 0x40, 1ull << 60, 64, STATUS_OK}, /* .tbss takes no address space */
        {0x402000, 0x41, 0x40, 64, STATUS_ELF_TLS},
        {0x402000, 0x40, 0x40, 48, STATUS_ELF_TLS},
        {0x404ff0, 0x40, 0x40, 64, STATUS_ELF_TLS},
        {UINT64_MAX, 0x40, 0x40, 64, STATUS_ELF_TLS},
        {0x402000, UINT64_MAX, UINT64_MAX, 64, STATUS_ELF_TLS},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ordinary(ET_EXEC);
        Elf64_Phdr *header =
            elf_image_add(&image, PT_TLS, R, 0x2000, cases[i].address, cases[i].file_size, cases[i].memory_size);
        header->p_align = cases[i].alignment;
        assert_int_equal(make(false), cases[i].expected);
        if (cases[i].expected == STATUS_OK)
            assert_int_equal(plan.tls_alignment, cases[i].alignment != 0 ? cases[i].alignment : 1);
    }
    ordinary(ET_EXEC);
    elf_image_add(&image, PT_TLS, R, 0, 0, 0, 0);
    assert_int_equal(make(false), STATUS_OK);
    assert_int_equal(plan.tls_alignment, 0);
    elf_image_add(&image, PT_TLS, R, 0x2000, 0x402000, 8, 8);
    elf_image_add(&image, PT_TLS, R, 0x2000, 0x402000, 8, 8);
    assert_int_equal(make(false), STATUS_ELF_TLS);
}

static void dynamic_and_interpreter(void **state)
{
    (void)state;
    ordinary(ET_DYN);
    elf_image_add(&image, PT_INTERP, R, 0x100, 0x400100, 28, 28);
    elf_image_add(&image, PT_DYNAMIC, R | W, 0x2000, 0x402000, 0x100, 0x100);
    assert_int_equal(make(false), STATUS_OK);
    assert_true(plan.interpreter);
    assert_int_equal(plan.dynamic.address, 0x402000);
    elf_image_add(&image, PT_DYNAMIC, R | W, 0x2000, 0x402000, 0x100, 0x100);
    assert_int_equal(make(false), STATUS_ELF_DYNAMIC);

    static const uint64_t outside[][2] = {{0x404fff, 2}, {0x3fffff, 16}, {UINT64_MAX, 16}, {0x402000, UINT64_MAX}};
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
        ordinary(ET_DYN);
        elf_image_add(&image, PT_DYNAMIC, R | W, 0, outside[i][0], 0, outside[i][1]);
        assert_int_equal(make(false), STATUS_ELF_DYNAMIC);
    }
}

static void notes(void **state)
{
    (void)state;
    ordinary(ET_EXEC);
    elf_image_add(&image, PT_NOTE, R, 0x200, 0x400200, 0, 0); /* empty: none */
    for (unsigned i = 0; i < ELF_NOTES_MAX; i++)
        elf_image_add(&image, PT_NOTE, R, 0x200 + i, 0x400200, 32, 32)->p_align = i;
    assert_int_equal(make(false), STATUS_OK);
    assert_int_equal(plan.note_count, ELF_NOTES_MAX);
    assert_int_equal(plan.note_offset[7], 0x207);
    assert_int_equal(plan.note_alignment[7], 4);
    elf_image_add(&image, PT_NOTE, R, 0x200, 0x400200, 32, 32);
    assert_int_equal(make(false), STATUS_ELF_NOTE);

    ordinary(ET_EXEC);
    elf_image_add(&image, PT_NOTE, R, ELF_IMAGE_SIZE - 31, 0x400200, 32, 32)->p_align = 8;
    assert_int_equal(make(false), STATUS_ELF_TRUNCATED);
    image.size++;
    assert_int_equal(elf_plan_make((struct span){image.bytes, 4096}, image.size, false, &plan, &error), STATUS_OK);
    assert_int_equal(plan.note_alignment[0], 8);
}

static void huge_files(void **state)
{
    (void)state;
    ordinary(ET_EXEC);
    apply(&(struct change)PROGRAM(1, p_offset, (1ull << 62) + 5));
    assert_int_equal(elf_plan_make(elf_image_head(&image), 1ull << 63, false, &plan, &error), STATUS_OK);
    assert_int_equal(plan.segments[1].file_offset, (1ull << 62) + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_header),
        cmocka_unit_test(segments),
        cmocka_unit_test(entry_points),
        cmocka_unit_test(short_files),
        cmocka_unit_test(nothing_to_load),
        cmocka_unit_test(many_segments),
        cmocka_unit_test(distant_program_headers),
        cmocka_unit_test(allowed_wx),
        cmocka_unit_test(far_apart),
        cmocka_unit_test(null_page),
        cmocka_unit_test(tls),
        cmocka_unit_test(dynamic_and_interpreter),
        cmocka_unit_test(notes),
        cmocka_unit_test(huge_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
