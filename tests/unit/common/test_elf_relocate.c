#include "cmocka_all.h"

#include "elf_plan.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* One block of three pages; the segment ends inside the last one. */
#define START 0x10000ull
#define SEGMENT_SIZE 0x2800ull
#define BLOCK_SIZE 0x3000ull
#define RELA (START + 0x400)
#define JMPREL (START + 0x600)
#define RELR (START + 0x800)
#define SYMBOLS (START + 0xa00)
#define TARGET (START + 0x1000)
#define BIAS 0xffffffff80000000ull

static struct elf_plan plan;
static struct elf_memory memory;
static struct error error;
static uint64_t count;
static Elf64_Dyn *next_dynamic;

static void *at(uint64_t address)
{
    return (uint8_t *)memory.blocks[0] + (address - START);
}

static uint64_t word(uint64_t address)
{
    uint64_t value;
    memcpy(&value, at(address), sizeof value);
    return value;
}

static void set_word(uint64_t address, uint64_t value)
{
    memcpy(at(address), &value, sizeof value);
}

static int set_up(void **state)
{
    (void)state;
    plan = (struct elf_plan){
        .relocatable = true,
        .lowest = START,
        .highest = START + BLOCK_SIZE,
        .segment_count = 1,
        .block_count = 1,
        .segments = {{.address = START, .memory_size = SEGMENT_SIZE, .rights = ELF_R | ELF_W}},
        .blocks = {{.address = START, .size = BLOCK_SIZE}},
        .dynamic = {.address = START, .size = 0x200},
    };
    memory = (struct elf_memory){.plan = &plan, .blocks = {calloc(1, BLOCK_SIZE)}};
    next_dynamic = memory.blocks[0];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(memory.blocks[0]);
    return 0;
}

static void tag(int64_t name, uint64_t value)
{
    *next_dynamic++ = (Elf64_Dyn){.d_tag = name, .d_un = {.d_val = value}};
}

static void rela_tags(uint64_t size)
{
    tag(DT_RELA, RELA);
    tag(DT_RELASZ, size);
    tag(DT_RELAENT, sizeof(Elf64_Rela));
}

static void set_rela(uint64_t address, unsigned index, uint64_t offset, uint32_t type, uint32_t symbol, int64_t addend)
{
    Elf64_Rela rela = {.r_offset = offset, .r_info = ELF64_R_INFO((uint64_t)symbol, type), .r_addend = addend};
    memcpy(at(address + index * sizeof rela), &rela, sizeof rela);
}

static void set_symbol(unsigned index, uint8_t binding, uint8_t type, uint16_t section, uint64_t value)
{
    Elf64_Sym symbol = {.st_info = (uint8_t)ELF64_ST_INFO(binding, type), .st_shndx = section, .st_value = value};
    memcpy(at(SYMBOLS + index * sizeof symbol), &symbol, sizeof symbol);
}

static enum status run(void)
{
    memset(&error, 0, sizeof error);
    enum status status = elf_relocate(&memory, BIAS, &count, &error);
    assert_true(status == STATUS_OK || (error.status == status && strlen(error.text) > 10));
    return status;
}

static void no_dynamic_section(void **state)
{
    (void)state;
    plan.dynamic = (struct elf_range){0};
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(count, 0);
}

static void empty_dynamic_section(void **state)
{
    (void)state;
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(count, 0);
}

static void every_type(void **state)
{
    (void)state;
    rela_tags(6 * sizeof(Elf64_Rela));
    tag(DT_JMPREL, JMPREL);
    tag(DT_PLTRELSZ, sizeof(Elf64_Rela));
    tag(DT_PLTREL, DT_RELA);
    tag(DT_SYMTAB, SYMBOLS);
    tag(DT_SYMENT, sizeof(Elf64_Sym));
    set_symbol(1, STB_GLOBAL, STT_FUNC, 5, 0x11234);
    set_symbol(2, STB_GLOBAL, STT_NOTYPE, SHN_ABS, 0x777);
    set_symbol(3, STB_WEAK, STT_NOTYPE, SHN_UNDEF, 0);
    set_rela(RELA, 0, TARGET, R_X86_64_RELATIVE, 0, 0x10123);
    set_rela(RELA, 1, TARGET + 11, R_X86_64_64, 1, -4); /* unaligned */
    set_rela(RELA, 2, TARGET + 24, R_X86_64_GLOB_DAT, 1, 999);
    set_rela(RELA, 3, TARGET + 32, R_X86_64_64, 2, 1);
    set_rela(RELA, 4, TARGET + 40, R_X86_64_GLOB_DAT, 3, 0);
    set_rela(RELA, 5, 0, R_X86_64_NONE, 12345, 0);
    set_rela(JMPREL, 0, START + SEGMENT_SIZE - 8, R_X86_64_JUMP_SLOT, 1, 0);
    set_word(TARGET + 40, 0xdead);
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(count, 6);
    assert_int_equal(word(TARGET), BIAS + 0x10123);
    assert_int_equal(word(TARGET + 11), BIAS + 0x11230);
    assert_int_equal(word(TARGET + 24), BIAS + 0x11234);
    assert_int_equal(word(TARGET + 32), 0x778);
    assert_int_equal(word(TARGET + 40), 0);
    assert_int_equal(word(START + SEGMENT_SIZE - 8), BIAS + 0x11234);
}

static void relr_tags(uint64_t size)
{
    tag(DT_RELR, RELR);
    tag(DT_RELRSZ, size);
    tag(DT_RELRENT, 8);
}

static void relr(void **state)
{
    (void)state;
    relr_tags(4 * 8);
    set_word(RELR, TARGET);
    set_word(RELR + 8, 1 | 1ull << 1 | 1ull << 63); /* TARGET + 8 and TARGET + 63 * 8 */
    set_word(RELR + 16, 1 | 1ull << 2);             /* TARGET + 65 * 8 */
    set_word(RELR + 24, START + SEGMENT_SIZE - 8);
    const uint64_t touched[] = {TARGET, TARGET + 8, TARGET + 63 * 8, TARGET + 65 * 8, START + SEGMENT_SIZE - 8};
    for (uint64_t address = TARGET; address < START + SEGMENT_SIZE; address += 8)
        set_word(address, address);
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(count, ARRAY_LENGTH(touched));
    for (uint64_t address = TARGET; address < START + SEGMENT_SIZE; address += 8) {
        bool expected = false;
        for (size_t i = 0; i < ARRAY_LENGTH(touched); i++)
            expected |= touched[i] == address;
        assert_int_equal(word(address), address + (expected ? BIAS : 0));
    }
}

static void relr_refused(void **state)
{
    (void)state;
    static const uint64_t words[][2] = {
        {3, 0},                        /* a bitmap without an address before it */
        {START + SEGMENT_SIZE - 7, 0}, /* crosses the segment's end */
        {START - 8, 0},
        {0, 0},
        {UINT64_MAX - 1, 0},
        {START + SEGMENT_SIZE - 16, 1 | 1ull << 2}, /* a bit behind the end */
        {START + SEGMENT_SIZE - 16, 1ull << 63 | 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        tear_down(NULL);
        set_up(NULL);
        relr_tags(2 * 8);
        set_word(RELR, words[i][0]);
        set_word(RELR + 8, words[i][1]);
        assert_int_equal(run(), STATUS_ELF_RELOCATION);
    }
}

static void targets_refused(void **state)
{
    (void)state;
    static const uint64_t targets[] = {START - 1,
                                       START - 8,
                                       0,
                                       UINT64_MAX,
                                       START + SEGMENT_SIZE - 7,
                                       START + SEGMENT_SIZE,
                                       START + BLOCK_SIZE - 8,
                                       START + BLOCK_SIZE};
    static const uint32_t types[] = {R_X86_64_RELATIVE, R_X86_64_64};
    tag(DT_SYMTAB, SYMBOLS);
    set_symbol(1, STB_GLOBAL, STT_FUNC, 5, 0x11234);
    rela_tags(sizeof(Elf64_Rela));
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(types); j++) {
            set_rela(RELA, 0, targets[i], types[j], 1, 0);
            assert_int_equal(run(), STATUS_ELF_RELOCATION);
            assert_non_null(strstr(error.text, "not inside a segment"));
        }
    }
}

static void types_refused(void **state)
{
    (void)state;
    rela_tags(sizeof(Elf64_Rela));
    for (uint32_t type = 0; type < 300; type++) {
        if (type == R_X86_64_NONE || type == R_X86_64_RELATIVE || type == R_X86_64_64 || type == R_X86_64_GLOB_DAT ||
            type == R_X86_64_JUMP_SLOT)
            continue;
        set_rela(RELA, 0, TARGET, type, 0, 0);
        assert_int_equal(run(), STATUS_ELF_RELOCATION_TYPE);
    }
    set_rela(RELA, 0, TARGET, R_X86_64_IRELATIVE, 0, 0);
    run();
    assert_non_null(strstr(error.text, "R_X86_64_IRELATIVE"));
}

static void symbols_refused(void **state)
{
    (void)state;
    rela_tags(sizeof(Elf64_Rela));
    tag(DT_SYMTAB, SYMBOLS);
    set_symbol(1, STB_GLOBAL, STT_FUNC, SHN_UNDEF, 0x1000);
    set_symbol(2, STB_GLOBAL, STT_OBJECT, SHN_COMMON, 8);
    set_symbol(3, STB_GLOBAL, STT_TLS, 7, 8);
    set_symbol(4, STB_GLOBAL, STT_GNU_IFUNC, 7, 8);
    set_symbol(5, STB_LOCAL, STT_NOTYPE, SHN_UNDEF, 0);
    static const uint32_t indices[] = {0, 1, 2, 3, 4, 5, 0x200, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < ARRAY_LENGTH(indices); i++) {
        set_rela(RELA, 0, TARGET, R_X86_64_64, indices[i], 0);
        assert_int_equal(run(), STATUS_ELF_SYMBOL);
    }
}

static void symbol_tables_refused(void **state)
{
    (void)state;
    static const uint64_t tables[] = {0, START - 24, START + BLOCK_SIZE - 24, UINT64_MAX, UINT64_MAX - 23};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        tear_down(NULL);
        set_up(NULL);
        rela_tags(sizeof(Elf64_Rela));
        set_rela(RELA, 0, TARGET, R_X86_64_GLOB_DAT, 1, 0);
        if (i > 0)
            tag(DT_SYMTAB, tables[i]);
        assert_int_equal(run(), STATUS_ELF_SYMBOL);
    }
}

static void dynamic_sections_refused(void **state)
{
    (void)state;
    static const struct {
        Elf64_Dyn tags[4];
        enum status expected;
    } cases[] = {
        {{{DT_NEEDED, {1}}}, STATUS_ELF_INTERP},
        {{{DT_REL, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{0x60000011, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{0x6fffe000, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{DT_RELA, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{DT_RELASZ, {24}}}, STATUS_ELF_DYNAMIC},
        {{{DT_JMPREL, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{DT_RELR, {RELR}}}, STATUS_ELF_DYNAMIC},
        {{{DT_RELA, {RELA}}, {DT_RELA, {RELA}}}, STATUS_ELF_DYNAMIC},
        {{{DT_PLTREL, {DT_REL}}}, STATUS_ELF_DYNAMIC},
        {{{DT_SYMENT, {16}}}, STATUS_ELF_SYMBOL},
        {{{DT_RELA, {RELA}}, {DT_RELASZ, {24}}, {DT_RELAENT, {16}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELA, {RELA}}, {DT_RELASZ, {25}}}, STATUS_ELF_RELOCATION},
        {{{DT_JMPREL, {RELA}}, {DT_PLTRELSZ, {23}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELR, {RELR}}, {DT_RELRSZ, {8}}, {DT_RELRENT, {4}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELR, {RELR}}, {DT_RELRSZ, {9}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELA, {RELA}}, {DT_RELASZ, {24ull << 32}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELA, {START + BLOCK_SIZE - 23}}, {DT_RELASZ, {24}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELA, {UINT64_MAX - 7}}, {DT_RELASZ, {24}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELR, {0}}, {DT_RELRSZ, {8}}}, STATUS_ELF_RELOCATION},
        {{{DT_RELA, {0}}, {DT_RELASZ, {0}}}, STATUS_OK}, /* empty tables may lie anywhere */
        {{{DT_FLAGS, {4}}, {DT_STRTAB, {1}}, {0x6ffffffb, {1}}}, STATUS_OK},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        tear_down(NULL);
        set_up(NULL);
        memcpy(next_dynamic, cases[i].tags, sizeof cases[i].tags);
        enum status status = run();
        if (status != cases[i].expected)
            fail_msg("case %zu: status %d, %s", i, status, error.text);
    }
}

static void unterminated(void **state)
{
    (void)state;
    while ((uint8_t *)next_dynamic < (uint8_t *)at(START + 0x200))
        tag(DT_FLAGS_1, 1);
    assert_int_equal(run(), STATUS_ELF_DYNAMIC);
    plan.dynamic.size = 0x20f; /* the rest is no whole entry */
    assert_int_equal(run(), STATUS_ELF_DYNAMIC);
    plan.dynamic.size = 0x210;
    assert_int_equal(run(), STATUS_OK);
}

static void memory_at(void **state)
{
    (void)state;
    uint8_t other[16];
    plan.block_count = 2;
    plan.blocks[1] = (struct elf_block){.address = 0xffffffffffffe000, .size = 0x1000};
    memory.blocks[1] = other;
    assert_ptr_equal(elf_memory_at(&memory, START, BLOCK_SIZE), memory.blocks[0]);
    assert_ptr_equal(elf_memory_at(&memory, START + 5, 1), (uint8_t *)memory.blocks[0] + 5);
    assert_ptr_equal(elf_memory_at(&memory, 0xffffffffffffe003, 0x1000 - 3), other + 3);
    assert_null(elf_memory_at(&memory, 0xffffffffffffe003, 0x1000 - 2));
    assert_null(elf_memory_at(&memory, START, BLOCK_SIZE + 1));
    assert_null(elf_memory_at(&memory, START - 1, 1));
    assert_null(elf_memory_at(&memory, START + 1, UINT64_MAX));
    assert_null(elf_memory_at(&memory, UINT64_MAX, 1));
    assert_null(elf_memory_at(&memory, START + BLOCK_SIZE, 1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_dynamic_section),    TEST(empty_dynamic_section),    TEST(every_type),    TEST(relr),
        TEST(relr_refused),          TEST(targets_refused),          TEST(types_refused), TEST(symbols_refused),
        TEST(symbol_tables_refused), TEST(dynamic_sections_refused), TEST(unterminated),  TEST(memory_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
