/* elf_symbols, through kernel_plan_read(): section headers of every wrong kind. */
#include "cmocka_all.h"

#include "kernel_plan.h"
#include "support/elf_image.h"

#include <string.h>

#define CODE 0xffffffff80001000ull
#define HEADERS 0x8000u
#define TABLE 0x3000u
#define NAMES 0x5000u

static struct elf_image image;
static struct kernel_plan plan;
static struct error error;
static uint64_t bytes_read;

static enum status read_image(void *context, uint64_t offset, uint64_t size, void *to, struct error *failure)
{
    (void)context;
    (void)failure;
    assert_true(size > 0 && offset <= image.size && size <= image.size - offset);
    bytes_read += size;
    memcpy(to, image.bytes + offset, size);
    return STATUS_OK;
}

static enum status read_plan(void)
{
    const struct file_source source = {.read = read_image, .size = image.size, .name = "/kernel.elf"};
    bytes_read = 0;
    return kernel_plan_read(&source, &plan, &error);
}

static Elf64_Shdr *section(uint32_t index)
{
    return (Elf64_Shdr *)(void *)(image.bytes + HEADERS) + index;
}

/* Sections 0 null, 1 code, 2 symbols, 3 their names. */
static void make_kernel(uint64_t symbols)
{
    struct boot_note note = {
        .name_size = sizeof BOOT_NOTE_NAME,
        .descriptor_size = sizeof(struct boot_config),
        .type = BOOT_NOTE_CONFIG,
        .name = BOOT_NOTE_NAME,
        .config = {.size = sizeof(struct boot_config), .version = BOOT_PROTOCOL_VERSION, .kernel_symbols = symbols}};
    elf_image_start(&image, ET_EXEC, CODE);
    elf_image_add(&image, PT_LOAD, PF_R | PF_X, 0x1000, CODE, 0x800, 0x800);
    elf_image_add(&image, PT_NOTE, PF_R, 0x300, CODE, sizeof note, sizeof note)->p_align = 8;
    memcpy(image.bytes + 0x300, &note, sizeof note);
    elf_image_header(&image)->e_shoff = HEADERS;
    elf_image_header(&image)->e_shnum = 4;
    elf_image_header(&image)->e_shentsize = sizeof(Elf64_Shdr);
    section(1)->sh_type = SHT_PROGBITS;
    *section(2) = (Elf64_Shdr){
        .sh_type = SHT_SYMTAB, .sh_offset = TABLE, .sh_size = 240, .sh_entsize = sizeof(Elf64_Sym), .sh_link = 3};
    *section(3) = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = NAMES, .sh_size = 77};
}

static void symbols_are_found(void **state)
{
    (void)state;
    make_kernel(BOOT_ANYWHERE);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.symbols.kind, WISH_ANYWHERE);
    assert_int_equal(plan.symbol_ranges.table.address, TABLE);
    assert_int_equal(plan.symbol_ranges.table.size, 240);
    assert_int_equal(plan.symbol_ranges.names.address, NAMES);
    assert_int_equal(plan.symbol_ranges.names.size, 77);
    assert_int_equal(elf_symbols_size(&plan.symbol_ranges), 240 + 77 + 1);
    make_kernel(0xffffa00000000000);
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.symbols.kind, WISH_FIXED);
    make_kernel(0xffffa00000000001);
    assert_int_equal(read_plan(), STATUS_WISH_VALUE);
}

static void who_does_not_ask_is_not_looked_at(void **state)
{
    (void)state;
    for (uint64_t wish = BOOT_DEFAULT; wish <= BOOT_NOWHERE; wish += BOOT_NOWHERE) {
        make_kernel(wish);
        section(2)->sh_size = UINT64_MAX;
        elf_image_header(&image)->e_shoff = UINT64_MAX - 5;
        assert_int_equal(read_plan(), STATUS_OK);
        assert_int_equal(bytes_read, ELF_HEAD_SIZE);
        assert_int_equal(elf_symbols_size(&plan.symbol_ranges), 0);
    }
}

static void no_sections(void)
{
    elf_image_header(&image)->e_shoff = 0;
}

static void no_headers(void)
{
    elf_image_header(&image)->e_shnum = 0;
}

static void strange_headers(void)
{
    elf_image_header(&image)->e_shentsize = 63;
}

static void stripped(void)
{
    section(2)->sh_type = SHT_PROGBITS;
}

static void empty_table(void)
{
    section(2)->sh_size = 0;
}

static void a_stripped_kernel_has_none(void **state)
{
    (void)state;
    static void (*const ways[])(void) = {no_sections, no_headers, strange_headers, stripped, empty_table};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        make_kernel(BOOT_ANYWHERE);
        ways[i]();
        assert_int_equal(read_plan(), STATUS_OK);
        assert_int_equal(elf_symbols_size(&plan.symbol_ranges), 0);
    }
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t section;
        size_t field; /* of 8 bytes, or of 4 in the lower half of `narrow` ones */
        bool narrow;
        uint64_t value;
        enum status status;
    } cases[] = {
        {2, offsetof(Elf64_Shdr, sh_entsize), false, 0, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_entsize), false, 23, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_entsize), false, UINT64_MAX, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_size), false, 241, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_size), false, 24 * 4096, STATUS_ELF_TRUNCATED},
        {2, offsetof(Elf64_Shdr, sh_size), false, UINT64_MAX / 24 * 24, STATUS_ELF_TRUNCATED},
        {2, offsetof(Elf64_Shdr, sh_offset), false, ELF_IMAGE_SIZE - 239, STATUS_ELF_TRUNCATED},
        {2, offsetof(Elf64_Shdr, sh_offset), false, UINT64_MAX - 100, STATUS_ELF_TRUNCATED},
        {2, offsetof(Elf64_Shdr, sh_link), true, 4, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_link), true, UINT32_MAX, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_link), true, 0, STATUS_ELF_SECTIONS},
        {2, offsetof(Elf64_Shdr, sh_link), true, 2, STATUS_ELF_SECTIONS},
        {3, offsetof(Elf64_Shdr, sh_type), true, SHT_NOBITS, STATUS_ELF_SECTIONS},
        {3, offsetof(Elf64_Shdr, sh_offset), false, ELF_IMAGE_SIZE - 76, STATUS_ELF_TRUNCATED},
        {3, offsetof(Elf64_Shdr, sh_offset), false, UINT64_MAX, STATUS_ELF_TRUNCATED},
        {3, offsetof(Elf64_Shdr, sh_size), false, UINT64_MAX, STATUS_ELF_TRUNCATED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        make_kernel(BOOT_ANYWHERE);
        uint8_t *field = (uint8_t *)section(cases[i].section) + cases[i].field;
        memcpy(field, &cases[i].value, cases[i].narrow ? 4 : 8);
        assert_int_equal(read_plan(), cases[i].status);
        assert_memory_equal(error.text, "/kernel.elf: ", 13);
    }
    make_kernel(BOOT_ANYWHERE);
    elf_image_header(&image)->e_shoff = ELF_IMAGE_SIZE - 255;
    assert_int_equal(read_plan(), STATUS_ELF_TRUNCATED);
}

/* More headers than are read at a time. */
static void a_late_symbol_table_is_found(void **state)
{
    (void)state;
    make_kernel(BOOT_ANYWHERE);
    elf_image_header(&image)->e_shoff = 0x1000;
    elf_image_header(&image)->e_shnum = (ELF_IMAGE_SIZE - 0x1000) / sizeof(Elf64_Shdr);
    uint32_t last = elf_image_header(&image)->e_shnum - 1u;
    Elf64_Shdr *headers = (Elf64_Shdr *)(void *)(image.bytes + 0x1000);
    memset(headers, 0, ELF_IMAGE_SIZE - 0x1000);
    headers[last] = (Elf64_Shdr){
        .sh_type = SHT_SYMTAB, .sh_offset = TABLE, .sh_size = 24, .sh_entsize = sizeof(Elf64_Sym), .sh_link = 5};
    headers[5] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = NAMES, .sh_size = 1};
    assert_int_equal(read_plan(), STATUS_OK);
    assert_int_equal(plan.symbol_ranges.table.size, 24);
    assert_int_equal(plan.symbol_ranges.names.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_found),
        cmocka_unit_test(who_does_not_ask_is_not_looked_at),
        cmocka_unit_test(a_stripped_kernel_has_none),
        cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(a_late_symbol_table_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
