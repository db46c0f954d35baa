/* What a bootloader_api kernel asks for: its .bootloader-config section. */
#include "cmocka_all.h"

#include "protocol/bootloader_api.h"
#include "support/elf_image.h"

#include <stdlib.h>
#include <string.h>

/* Built field by field, as the crate's serialiser does. */
struct section {
    uint8_t bytes[160];
    uint64_t size;
};

static struct boot_config config;
static struct kernel_api_version version;
static struct error error;

static void put(struct section *section, uint64_t value, unsigned size)
{
    memcpy(section->bytes + section->size, &value, size);
    section->size += size;
}

static struct section section_start(unsigned patch, uint64_t stack_size)
{
    static const uint8_t identifier[] = {0x74, 0x3c, 0xa9, 0x61, 0x09, 0x36, 0x46, 0xa0,
                                         0xbb, 0x55, 0x5c, 0x15, 0x89, 0x15, 0x25, 0x3d};
    struct section section = {.size = sizeof identifier};
    memcpy(section.bytes, identifier, sizeof identifier);
    put(&section, 0, 2);
    put(&section, 11, 2);
    put(&section, patch, 2);
    put(&section, 0, 1);
    put(&section, stack_size, 8);
    return section;
}

/* What a kernel of 0.11.`patch` has if it asks for nothing: every mapping dynamic, every option None. */
static struct section plain_section(unsigned patch)
{
    struct section section = section_start(patch, 80 * 1024);
    section.size = patch >= 11 ? 133 : patch >= 1 ? 124 : 115;
    return section;
}

/* A copy of exactly that size, so that the sanitizer sees any byte read beyond it. */
static enum status read_section(const struct section *section)
{
    uint8_t *copy = malloc(section->size + (section->size == 0));
    memcpy(copy, section->bytes, section->size);
    memset(&error, 0, sizeof error);
    enum status status = bootloader_api_read((struct span){copy, section->size}, &config, &version, &error);
    free(copy);
    if (status != STATUS_OK) {
        assert_int_equal(error.status, status);
        assert_true(strlen(error.text) > 10);
    }
    return status;
}

static void reads_what_every_version_writes(void **state)
{
    (void)state;
    for (unsigned patch = 0; patch <= 16; patch++) {
        struct section section = plain_section(patch);
        assert_int_equal(read_section(&section), STATUS_OK);
        assert_int_equal(version.major, 0);
        assert_int_equal(version.minor, 11);
        assert_int_equal(version.patch, patch);
        assert_false(version.pre_release);
        assert_int_equal(config.flags, 0);
        assert_int_equal(version.stack_size, 80 * 1024);
        assert_int_equal(config.kernel_stack_size, 80 * 1024);
        assert_int_equal(config.kernel_stack, BOOT_ANYWHERE);
        assert_int_equal(config.boot_info, BOOT_ANYWHERE);
        assert_int_equal(config.framebuffer, BOOT_ANYWHERE);
        assert_int_equal(config.physical_memory, BOOT_NOWHERE);
        assert_int_equal(config.page_table_recursive, BOOT_NOWHERE);
        assert_int_equal(config.kernel_base, patch >= 11 ? BOOT_ANYWHERE : BOOT_DEFAULT);
        assert_int_equal(config.ramdisk, patch >= 1 ? BOOT_ANYWHERE : BOOT_DEFAULT);
        assert_true(config.dynamic_range_start < config.dynamic_range_end);
        assert_int_equal(config.minimum_framebuffer_width, 0);
        assert_int_equal(config.minimum_framebuffer_height, 0);
    }
}

static void put_fixed(struct section *section, uint64_t address)
{
    put(section, 1, 1);
    put(section, address, 8);
}

/* Every field present, each with a value of its own. */
static struct section full_section(unsigned patch)
{
    struct section section = section_start(patch, 0x12345);
    section.bytes[22] = 1;
    put_fixed(&section, 0x100000000000);
    if (patch >= 11)
        put_fixed(&section, 0x200000000000);
    put_fixed(&section, 0x300000000000);
    put_fixed(&section, 0x400000000000);
    put(&section, 1, 1);
    put_fixed(&section, 0x500000000000);
    put(&section, 1, 1);
    put_fixed(&section, 0x600000000000);
    put(&section, 1, 1); /* aslr */
    put_fixed(&section, 0xffff900000000001);
    put_fixed(&section, 0xffffa00000000fff);
    if (patch >= 1)
        put_fixed(&section, 0x700000000000);
    put_fixed(&section, 600);
    put_fixed(&section, 800);
    return section;
}

static void finds_every_field_in_every_form(void **state)
{
    (void)state;
    for (unsigned patch = 0; patch <= 16; patch++) {
        struct section section = full_section(patch);
        assert_int_equal(read_section(&section), STATUS_OK);
        assert_true(version.pre_release);
        assert_int_equal(config.flags, BOOT_CONFIG_ASLR);
        assert_int_equal(version.stack_size, 0x12345);
        assert_int_equal(config.kernel_stack, 0x100000001000); /* above the guard page, which is part of theirs */
        assert_int_equal(config.kernel_base, patch >= 11 ? 0x200000000000 : 0);
        assert_int_equal(config.boot_info, 0x300000000000);
        assert_int_equal(config.framebuffer, 0x400000000000);
        assert_int_equal(config.physical_memory, 0x500000000000);
        assert_int_equal(config.page_table_recursive, 0x600000000000);
        assert_int_equal(config.ramdisk, patch >= 1 ? 0x700000000000 : 0);
        assert_int_equal(config.dynamic_range_start, 0xffff900000001000);
        assert_int_equal(config.dynamic_range_end, 0xffffa00000000000);
        assert_int_equal(config.minimum_framebuffer_height, 600);
        assert_int_equal(config.minimum_framebuffer_width, 800);
    }
}

/* Of the 133-byte form: a byte range, what is put there, and the answer. */
static void refuses_what_the_crate_never_writes(void **state)
{
    static const struct {
        unsigned offset, size;
        uint64_t value;
        enum status status;
        const char *text;
    } cases[] = {
        {0, 1, 0x75, STATUS_WISH_VALUE, "identifier"},
        {15, 1, 0, STATUS_WISH_VALUE, "identifier"},
        {16, 2, 1, STATUS_WISH_VERSION, "1.11.11"},
        {18, 2, 12, STATUS_WISH_VERSION, "0.12.11"},
        {18, 2, 10, STATUS_WISH_VERSION, "0.10.11"},
        {20, 2, 10, STATUS_WISH_VERSION, "0.11.10"},
        {20, 2, 17, STATUS_WISH_VERSION, "0.11.17"},
        {22, 1, 2, STATUS_WISH_VALUE, "pre-release flag at byte 22"},
        {23, 8, 0, STATUS_WISH_VALUE, "kernel_stack_size"},
        {23, 8, 1, STATUS_WISH_VALUE, "kernel_stack_size"},
        {23, 8, 15, STATUS_WISH_VALUE, "kernel_stack_size"},
        {23, 8, 16, STATUS_OK, ""},
        {31, 1, 2, STATUS_WISH_VALUE, "kernel_stack at byte 31"},
        {32, 8, 1, STATUS_WISH_VALUE, "kernel_stack at byte 32 is None but has a value"},
        {40, 1, 255, STATUS_WISH_VALUE, "kernel_base at byte 40"},
        {49, 1, 1, STATUS_WISH_VALUE, "boot_info at byte 50 is a fixed address inside the null page"},
        {58, 1, 1, STATUS_WISH_VALUE, "framebuffer"},
        {67, 1, 3, STATUS_WISH_VALUE, "physical_memory at byte 67"},
        {69, 8, 9, STATUS_WISH_VALUE, "physical_memory"},
        {68, 1, 1, STATUS_WISH_VALUE, "physical_memory"},
        {77, 1, 7, STATUS_WISH_VALUE, "page_table_recursive at byte 77"},
        {87, 1, 2, STATUS_WISH_VALUE, "aslr at byte 87"},
        {88, 1, 2, STATUS_WISH_VALUE, "dynamic_range_start at byte 88"},
        {97, 1, 1, STATUS_WISH_VALUE, "dynamic_range_end at byte 98 leaves no address"},
        {98, 8, 0x1000, STATUS_WISH_VALUE, "dynamic_range_end at byte 98 is None"},
        {106, 1, 9, STATUS_WISH_VALUE, "ramdisk_memory at byte 106"},
        {115, 1, 2, STATUS_WISH_VALUE, "minimum_framebuffer_height at byte 115"},
        {124, 1, 2, STATUS_WISH_VALUE, "minimum_framebuffer_width at byte 124"},
        {125, 8, 1, STATUS_WISH_VALUE, "minimum_framebuffer_width at byte 125"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct section section = plain_section(11);
        memcpy(section.bytes + cases[i].offset, &cases[i].value, cases[i].size);
        assert_int_equal(read_section(&section), cases[i].status);
        if (strstr(error.text, cases[i].text) == NULL)
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, cases[i].text);
    }
}

static void refuses_other_lengths(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= 160; size++) {
        struct section section = plain_section(size >= 133 ? 11 : size >= 124 ? 1 : 0);
        section.size = size;
        bool known = size == 115 || size == 124 || size == 133;
        assert_int_equal(read_section(&section), known ? STATUS_OK : STATUS_WISH_SIZE);
    }
}

static void refuses_a_version_of_another_length(void **state)
{
    (void)state;
    for (unsigned form = 0; form <= 11; form += form == 0 ? 1 : 10)
        for (unsigned patch = 0; patch <= 20; patch++) {
            struct section section = plain_section(form);
            section.bytes[20] = (uint8_t)patch;
            bool fits = patch <= 16 && section.size == plain_section(patch).size;
            assert_int_equal(read_section(&section), fits ? STATUS_OK : STATUS_WISH_VERSION);
        }
}

struct range {
    bool some;
    uint64_t value;
};

static struct section range_section(struct range start, struct range end)
{
    struct section section = plain_section(16);
    section.bytes[88] = start.some;
    memcpy(section.bytes + 89, &start.value, 8);
    section.bytes[97] = end.some;
    memcpy(section.bytes + 98, &end.value, 8);
    return section;
}

static void keeps_the_dynamic_range_in_one_half(void **state)
{
    static const struct {
        struct range start, end;
        uint64_t from, to;
    } cases[] = {
        {{false, 0}, {false, 0}, 0x8000000000, 0x800000000000},
        {{true, 0}, {false, 0}, 0x8000000000, 0x800000000000},
        {{true, 1}, {false, 0}, 0x1000, 0x800000000000},
        {{true, 0x900000000000}, {false, 0}, 0xffff800000000000, 0xfffffffffffff000},
        {{true, 0xffff800000000000}, {true, UINT64_MAX}, 0xffff800000000000, 0xfffffffffffff000},
        {{true, 0x100000000000}, {true, 0xffffffff80000000}, 0x100000000000, 0x800000000000},
        {{false, 0}, {true, 0x4000000000}, 0x1000, 0x4000000000},
        {{false, 0}, {true, 0x10000000000}, 0x8000000000, 0x10000000000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct section section = range_section(cases[i].start, cases[i].end);
        assert_int_equal(read_section(&section), STATUS_OK);
        assert_int_equal(config.dynamic_range_start, cases[i].from);
        assert_int_equal(config.dynamic_range_end, cases[i].to);
    }
}

/* Ends that round to 0 would mean the native protocol's default: another range than was asked for. */
static void refuses_a_range_without_addresses(void **state)
{
    (void)state;
    struct section section = range_section((struct range){true, 0xffff800000000000}, (struct range){true, 0xfff});
    assert_int_equal(read_section(&section), STATUS_WISH_VALUE);
    section = range_section((struct range){true, UINT64_MAX - 5}, (struct range){false, 0});
    assert_int_equal(read_section(&section), STATUS_WISH_VALUE);
}

static void refuses_a_stack_beyond_the_last_address(void **state)
{
    (void)state;
    struct section section = plain_section(16);
    uint64_t address = UINT64_MAX - 4095;
    section.bytes[31] = 1;
    memcpy(section.bytes + 32, &address, 8);
    assert_int_equal(read_section(&section), STATUS_WISH_VALUE);
    assert_non_null(strstr(error.text, "kernel_stack"));
}

static struct elf_image image;

static enum status read_image(void *context, uint64_t offset, uint64_t size, void *to, struct error *failure)
{
    (void)context;
    (void)failure;
    assert_true(offset <= image.size && size <= image.size - offset);
    memcpy(to, image.bytes + offset, size);
    return STATUS_OK;
}

/* A position-independent kernel whose lowest page is at 0x200000, with `section` as its configuration. */
static enum status read_kernel(const struct section *section, struct kernel_plan *plan)
{
    static const char names[] = "\0.bootloader-config";
    elf_image_start(&image, ET_DYN, 0x200000);
    elf_image_add(&image, PT_LOAD, PF_R | PF_X, 0x1000, 0x200000, 0x100, 0x100);
    Elf64_Ehdr *header = elf_image_header(&image);
    header->e_shoff = 0x400;
    header->e_shentsize = sizeof(Elf64_Shdr);
    header->e_shnum = 3;
    header->e_shstrndx = 1;
    const Elf64_Shdr sections[] = {
        {.sh_type = SHT_NULL},
        {.sh_type = SHT_STRTAB, .sh_offset = 0x800, .sh_size = sizeof names},
        {.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = 0x1000, .sh_size = section->size},
    };
    memcpy(image.bytes + 0x400, sections, sizeof sections);
    memcpy(image.bytes + 0x800, names, sizeof names);
    memcpy(image.bytes + 0x1000, section->bytes, section->size);
    const struct file_source source = {.read = read_image, .size = image.size, .name = "/kernel.elf"};
    return kernel_plan_read(&source, plan, &error);
}

static void counts_a_fixed_base_from_the_lowest_page(void **state)
{
    static struct kernel_plan plan;
    (void)state;
    struct section section = plain_section(16);
    assert_int_equal(read_kernel(&section, &plan), STATUS_OK);
    assert_int_equal(plan.protocol, KERNEL_BOOTLOADER_API);
    assert_int_equal(plan.base.kind, WISH_ANYWHERE);
    assert_int_equal(plan.stack_size, 80 * 1024);

    uint64_t base = 0x198765400000;
    section.bytes[40] = 1;
    memcpy(section.bytes + 41, &base, 8);
    assert_int_equal(read_kernel(&section, &plan), STATUS_OK);
    assert_int_equal(plan.base.kind, WISH_FIXED);
    assert_int_equal(plan.base.address, base + 0x200000);

    base = UINT64_MAX - 0x1fffff; /* the sum would be 0: anywhere */
    memcpy(section.bytes + 41, &base, 8);
    assert_int_equal(read_kernel(&section, &plan), STATUS_WISH_VALUE);
    assert_non_null(strstr(error.text, "kernel_base"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_every_version_writes),
        cmocka_unit_test(finds_every_field_in_every_form),
        cmocka_unit_test(refuses_what_the_crate_never_writes),
        cmocka_unit_test(refuses_other_lengths),
        cmocka_unit_test(refuses_a_version_of_another_length),
        cmocka_unit_test(keeps_the_dynamic_range_in_one_half),
        cmocka_unit_test(refuses_a_range_without_addresses),
        cmocka_unit_test(refuses_a_stack_beyond_the_last_address),
        cmocka_unit_test(counts_a_fixed_base_from_the_lowest_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
