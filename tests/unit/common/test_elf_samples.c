/* What gcc, clang, ld and lld make of samples/sample.c: planned, relocated as a second implementation does it, run, and
 * with every byte of its headers changed. */
#include "cmocka_all.h"

#include "kernel_plan.h"
#include "support/elf_valid.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sample {
    const char *name;
    enum status plan_status, relocate_status;
    bool relocatable, runnable, interpreter;
    uint64_t relocations; /* at least */
};

static const struct sample samples[] = {
    {"gcc-static", STATUS_OK, STATUS_OK, false, true, false, 0},
    {"gcc-high", STATUS_OK, STATUS_OK, false, false, false, 0},
    {"gcc-nmagic", STATUS_ELF_WX, STATUS_OK, false, false, false, 0},
    {"gcc-omagic", STATUS_ELF_WX, STATUS_OK, false, false, false, 0},
    {"gcc-pie", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-pie-interp", STATUS_OK, STATUS_OK, true, true, true, 70},
    {"gcc-pie-2m", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-pie-noseparate", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-pie-relr", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-pie-norelro", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-pie-stripped", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-shared", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"gcc-tls-reloc", STATUS_OK, STATUS_ELF_RELOCATION_TYPE, true, false, false, 0},
    {"lld-static", STATUS_OK, STATUS_OK, false, true, false, 0},
    {"lld-high", STATUS_OK, STATUS_OK, false, false, false, 0},
    {"lld-pie", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-pie-2m", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-pie-relr", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-pie-android", STATUS_OK, STATUS_ELF_DYNAMIC, true, false, false, 0},
    {"lld-pie-separate", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-pie-norosegment", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-shared", STATUS_OK, STATUS_OK, true, true, false, 70},
    {"lld-omagic", STATUS_ELF_WX, STATUS_OK, false, false, false, 0},
};

static uint8_t *file;
static uint64_t file_size;
static struct kernel_plan plan;
static struct error error;

static void read_sample(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, SAMPLES "%s.elf", name);
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0)
        fail_msg("%s is missing: clang and lld are needed for some samples", path);
    free(file);
    file_size = (uint64_t)lseek(descriptor, 0, SEEK_END);
    file = malloc(file_size);
    assert_int_equal(pread(descriptor, file, file_size, 0), file_size);
    close(descriptor);
}

static enum status read_file(void *context, uint64_t offset, uint64_t size, void *to, struct error *failure)
{
    (void)context;
    (void)failure;
    assert_true(offset <= file_size && size <= file_size - offset);
    memcpy(to, file + offset, size);
    return STATUS_OK;
}

static enum status plan_file(void)
{
    const struct file_source source = {.read = read_file, .size = file_size, .name = "sample"};
    memset(&error, 0, sizeof error);
    enum status status = kernel_plan_read(&source, &plan, &error);
    assert_true(status == STATUS_OK || (error.status == status && strlen(error.text) > 20));
    return status;
}

static void expect_valid(bool allow_wx)
{
    const char *wrong = elf_valid(&plan.elf, (struct span){file, file_size}, allow_wx);
    if (wrong != NULL)
        fail_msg("accepted a plan with a wrong %s", wrong);
}

/* --- loading, as kernel_load.c does ------------------------------------------------------------------------------ */

static uint64_t image_size(void)
{
    return plan.elf.highest - plan.elf.lowest;
}

/* Fills `image`, zeroed and large enough for all blocks in their places, with the segments. */
static void load(uint8_t *image, struct elf_memory *memory)
{
    *memory = (struct elf_memory){.plan = &plan.elf};
    for (uint32_t i = 0; i < plan.elf.block_count; i++)
        memory->blocks[i] = image + (plan.elf.blocks[i].address - plan.elf.lowest);
    for (uint32_t i = 0; i < plan.elf.segment_count; i++) {
        const struct elf_segment *segment = &plan.elf.segments[i];
        void *to = elf_memory_at(memory, segment->address, segment->memory_size);
        assert_non_null(to);
        memcpy(to, file + segment->file_offset, segment->file_size);
    }
}

/* --- the second implementation ----------------------------------------------------------------------------------- */

struct reference {
    uint8_t *image;
    uint64_t lowest, bias;
};

static void *reference_at(const struct reference *reference, uint64_t address)
{
    return reference->image + (address - reference->lowest);
}

static const Elf64_Phdr *program_headers(unsigned *count)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)file;
    *count = header->e_phnum;
    return (const Elf64_Phdr *)(const void *)(file + header->e_phoff);
}

static uint64_t dynamic_value(const struct reference *reference, int64_t tag)
{
    unsigned count;
    const Elf64_Phdr *headers = program_headers(&count);
    for (unsigned i = 0; i < count; i++)
        if (headers[i].p_type == PT_DYNAMIC)
            for (const Elf64_Dyn *entry = reference_at(reference, headers[i].p_vaddr); entry->d_tag != DT_NULL; entry++)
                if (entry->d_tag == tag)
                    return entry->d_un.d_val;
    return 0;
}

static void reference_rela(const struct reference *reference, int64_t table_tag, int64_t size_tag)
{
    const Elf64_Rela *rela = reference_at(reference, dynamic_value(reference, table_tag));
    const Elf64_Sym *symbols = reference_at(reference, dynamic_value(reference, DT_SYMTAB));
    for (uint64_t left = dynamic_value(reference, size_tag) / sizeof *rela; left > 0; left--, rela++) {
        uint64_t *target = reference_at(reference, rela->r_offset);
        const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(rela->r_info)];
        uint64_t value = symbol->st_shndx == SHN_UNDEF ? 0 : symbol->st_value + reference->bias;
        switch (ELF64_R_TYPE(rela->r_info)) {
        case R_X86_64_RELATIVE:
            *target = reference->bias + (uint64_t)rela->r_addend;
            break;
        case R_X86_64_64:
            *target = value + (uint64_t)rela->r_addend;
            break;
        case R_X86_64_GLOB_DAT:
        case R_X86_64_JUMP_SLOT:
            *target = value;
            break;
        default:
            fail_msg("a sample has relocation type %u", (unsigned)ELF64_R_TYPE(rela->r_info));
        }
    }
}

static void reference_relr(const struct reference *reference)
{
    const uint64_t *entry = reference_at(reference, dynamic_value(reference, 36 /* DT_RELR */));
    uint64_t *next = NULL;
    for (uint64_t left = dynamic_value(reference, 35 /* DT_RELRSZ */) / 8; left > 0; left--, entry++) {
        if ((*entry & 1) == 0) {
            next = reference_at(reference, *entry);
            *next++ += reference->bias;
            continue;
        }
        uint64_t *word = next;
        for (uint64_t bits = *entry >> 1; bits != 0; bits >>= 1, word++)
            if ((bits & 1) != 0)
                *word += reference->bias;
        next += 63;
    }
}

static uint8_t *reference_image(uint64_t bias)
{
    struct reference reference = {.image = calloc(1, image_size()), .lowest = plan.elf.lowest, .bias = bias};
    unsigned count;
    const Elf64_Phdr *headers = program_headers(&count);
    for (unsigned i = 0; i < count; i++)
        if (headers[i].p_type == PT_LOAD)
            memcpy(reference_at(&reference, headers[i].p_vaddr), file + headers[i].p_offset, headers[i].p_filesz);
    if (dynamic_value(&reference, DT_SYMTAB) != 0) {
        reference_relr(&reference);
        reference_rela(&reference, DT_RELA, DT_RELASZ);
        reference_rela(&reference, DT_JMPREL, DT_PLTRELSZ);
    }
    return reference.image;
}

static void compare_with_reference(const struct sample *sample, uint64_t bias)
{
    struct elf_memory memory;
    uint64_t count = 0;
    uint8_t *image = calloc(1, image_size());
    load(image, &memory);
    enum status status = elf_relocate(&memory, bias, &count, &error);
    if (status != sample->relocate_status)
        fail_msg("%s: relocation gives %d, %s", sample->name, status, status != STATUS_OK ? error.text : "");
    if (status == STATUS_OK) {
        assert_true(count >= sample->relocations);
        uint8_t *reference = reference_image(bias);
        assert_memory_equal(image, reference, image_size());
        free(reference);
    }
    free(image);
}

/* --- running it -------------------------------------------------------------------------------------------------- */

static void protect_runs(uint8_t *base)
{
    for (uint32_t i = 0; i < plan.elf.run_count; i++) {
        const struct elf_run *run = &plan.elf.runs[i];
        int protection = (run->rights & ELF_R ? PROT_READ : 0) | (run->rights & ELF_W ? PROT_WRITE : 0) |
                         (run->rights & ELF_X ? PROT_EXEC : 0);
        assert_int_equal(mprotect(base + (run->address - plan.elf.lowest), run->size, protection), 0);
    }
}

/* Loads the sample into this process with just the rights that the plan gives, and calls it. */
static void run_sample(const struct sample *sample)
{
    uint64_t room = image_size() + plan.elf.alignment;
    uint8_t *base, *mapping;
    if (plan.elf.relocatable) {
        mapping = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint64_t past = ((uint64_t)(uintptr_t)mapping - plan.elf.lowest) & (plan.elf.alignment - 1);
        base = mapping + (past == 0 ? 0 : plan.elf.alignment - past);
    } else {
        room = image_size();
        mapping = base = mmap((void *)(uintptr_t)plan.elf.lowest, room, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    assert_true(mapping != MAP_FAILED);
    struct elf_memory memory;
    uint64_t count, bias = (uint64_t)(uintptr_t)base - plan.elf.lowest;
    load(base, &memory);
    assert_int_equal(elf_relocate(&memory, bias, &count, &error), STATUS_OK);
    protect_runs(base);
    int (*entry)(void) = (int (*)(void))(uintptr_t)(plan.elf.entry + bias);
    int result = entry();
    if (result != 0)
        fail_msg("%s found its check %d failing", sample->name, result);
    munmap(mapping, room);
}

static void every_linkers_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        const struct sample *sample = &samples[i];
        read_sample(sample->name);
        enum status status = plan_file();
        if (status != sample->plan_status)
            fail_msg("%s: planning gives %d, %s", sample->name, status, status != STATUS_OK ? error.text : "");
        if (status != STATUS_OK)
            continue;
        expect_valid(false);
        assert_int_equal(plan.elf.relocatable, sample->relocatable);
        assert_int_equal(plan.elf.interpreter, sample->interpreter);
        assert_true(plan.elf.tls_alignment > 0 && plan.elf.tls.size == 4 && plan.elf.tls_memory_size >= 84);
        compare_with_reference(sample, sample->relocatable ? 0xffffffff90000000 - plan.elf.lowest : 0);
        if (sample->runnable)
            run_sample(sample);
    }
}

/* --- every single-byte change ------------------------------------------------------------------------------------ */

static unsigned accepted, refused;

static void change_every_byte(uint64_t start, uint64_t size)
{
    for (uint64_t at = start; at < start + size; at++) {
        uint8_t before = file[at];
        for (unsigned change = 1; change < 256; change++) {
            file[at] = (uint8_t)(before ^ change);
            if (plan_file() == STATUS_OK) {
                expect_valid(false);
                accepted++;
            } else {
                refused++;
            }
        }
        file[at] = before;
    }
}

static void every_changed_header_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"gcc-static", "gcc-pie", "lld-pie"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        read_sample(names[i]);
        unsigned count;
        program_headers(&count);
        accepted = refused = 0;
        change_every_byte(0, sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr));
        assert_true(accepted > 10000 && refused > 10000);
    }
}

static void every_changed_note_byte(void **state)
{
    (void)state;
    read_sample("gcc-pie");
    assert_int_equal(plan_file(), STATUS_OK);
    struct kernel_plan original = plan;
    for (uint32_t i = 0; i < original.elf.note_count; i++)
        change_every_byte(original.elf.note_offset[i], original.elf.note_size[i]);
}

/* Whatever the tables say, relocation ends, touches nothing outside (the sanitizer watches) and explains itself. */
static void relocate_changed(uint64_t address, uint64_t size)
{
    uint8_t *loaded = calloc(1, image_size()), *image = malloc(image_size());
    struct elf_memory memory;
    assert_true(loaded != NULL && image != NULL);
    load(loaded, &memory);
    for (uint32_t i = 0; i < plan.elf.block_count; i++)
        memory.blocks[i] = image + ((uint8_t *)memory.blocks[i] - loaded);
    for (uint64_t at = 0; at < size; at++) {
        for (unsigned change = 1; change < 256; change++) {
            uint64_t count;
            memcpy(image, loaded, image_size());
            image[address - plan.elf.lowest + at] ^= (uint8_t)change;
            memset(&error, 0, sizeof error);
            enum status status = elf_relocate(&memory, 0xffffffff80000000, &count, &error);
            assert_true(status == STATUS_OK || (error.status == status && strlen(error.text) > 20));
        }
    }
    free(image);
    free(loaded);
}

static void every_changed_dynamic_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"gcc-shared", "gcc-pie-relr", "lld-pie-relr"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        read_sample(names[i]);
        assert_int_equal(plan_file(), STATUS_OK);
        const struct reference view = {.image = reference_image(0), .lowest = plan.elf.lowest};
        relocate_changed(plan.elf.dynamic.address, plan.elf.dynamic.size);
        relocate_changed(dynamic_value(&view, DT_SYMTAB), 4 * sizeof(Elf64_Sym));
        if (dynamic_value(&view, DT_RELASZ) > 0)
            relocate_changed(dynamic_value(&view, DT_RELA), 2 * sizeof(Elf64_Rela));
        if (dynamic_value(&view, 35) > 0)
            relocate_changed(dynamic_value(&view, 36), dynamic_value(&view, 35));
        free(view.image);
    }
}

/* --- every truncation -------------------------------------------------------------------------------------------- */

static uint64_t file_end(void)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < plan.elf.segment_count; i++) {
        uint64_t segment_end = plan.elf.segments[i].file_offset + plan.elf.segments[i].file_size;
        end = segment_end > end ? segment_end : end;
    }
    return end;
}

static void every_truncated_file(void **state)
{
    (void)state;
    static const char *const names[] = {"gcc-static", "gcc-pie-stripped", "lld-pie"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        read_sample(names[i]);
        assert_int_equal(plan_file(), STATUS_OK);
        uint64_t whole = file_size, needed = file_end();
        assert_in_range(needed, 4096, whole);
        for (file_size = 0; file_size < needed; file_size++) {
            enum status status = plan_file();
            assert_true((status >= 400 && status < 500) || (file_size == 0 && status == STATUS_FILE_EMPTY));
        }
        assert_int_equal(plan_file(), STATUS_OK); /* what is behind the segments is nobody's business */
        file_size = whole;
    }
}

static int tear_down(void **state)
{
    (void)state;
    free(file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_linkers_output),    cmocka_unit_test(every_changed_header_byte),
        cmocka_unit_test(every_changed_note_byte), cmocka_unit_test(every_changed_dynamic_byte),
        cmocka_unit_test(every_truncated_file),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
