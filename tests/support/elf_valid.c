#include "elf_valid.h"

#include <elf.h>
#include <string.h>

#define PAGE 4096ull

/* Returns the text from the calling function if the condition does not hold. */
#define EXPECT(condition, text)                                                                                        \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return text;                                                                                               \
    } while (0)

struct file_view {
    struct span file;
    Elf64_Ehdr header;
    Elf64_Phdr loads[ELF_SEGMENTS_MAX];
    unsigned load_count;
    Elf64_Phdr relro, tls, dynamic;
    unsigned relro_count, tls_count, dynamic_count, interpreter_count;
};

static void note_one(const Elf64_Phdr *from, Elf64_Phdr *to, unsigned *count)
{
    *to = *from;
    ++*count;
}

static const char *view_file(struct span file, struct file_view *view)
{
    *view = (struct file_view){.file = file};
    EXPECT(file.size >= sizeof view->header, "shorter than an ELF header");
    memcpy(&view->header, file.data, sizeof view->header);
    EXPECT(memcmp(view->header.e_ident, ELFMAG, SELFMAG) == 0, "no ELF magic");
    for (unsigned i = 0; i < view->header.e_phnum; i++) {
        Elf64_Phdr entry;
        __uint128_t at = (__uint128_t)view->header.e_phoff + i * sizeof entry;
        EXPECT(at + sizeof entry <= file.size, "program headers beyond the file");
        memcpy(&entry, file.data + (uint64_t)at, sizeof entry);
        if (entry.p_type == PT_LOAD && entry.p_memsz > 0) {
            EXPECT(view->load_count < ELF_SEGMENTS_MAX, "too many PT_LOADs accepted");
            note_one(&entry, &view->loads[view->load_count], &view->load_count);
        }
        if (entry.p_type == PT_GNU_RELRO)
            note_one(&entry, &view->relro, &view->relro_count);
        if (entry.p_type == PT_TLS)
            note_one(&entry, &view->tls, &view->tls_count);
        if (entry.p_type == PT_DYNAMIC)
            note_one(&entry, &view->dynamic, &view->dynamic_count);
        if (entry.p_type == PT_INTERP)
            view->interpreter_count++;
    }
    return NULL;
}

static const Elf64_Phdr *load_of(const struct file_view *view, uint64_t address)
{
    for (unsigned i = 0; i < view->load_count; i++)
        if (view->loads[i].p_vaddr == address)
            return &view->loads[i];
    return NULL;
}

static const char *check_segments(const struct elf_plan *plan, const struct file_view *view)
{
    EXPECT(plan->segment_count == view->load_count && view->load_count > 0, "wrong number of segments");
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        const Elf64_Phdr *load = load_of(view, segment->address);
        EXPECT(load != NULL, "a segment that no PT_LOAD has");
        EXPECT(load->p_filesz == segment->file_size && load->p_memsz == segment->memory_size, "a segment's sizes");
        EXPECT(load->p_filesz == 0 || load->p_offset == segment->file_offset, "a segment's offset");
        EXPECT((load->p_flags & 7) == segment->rights, "a segment's rights");
        EXPECT(segment->file_size <= segment->memory_size, "file size above memory size");
        EXPECT((__uint128_t)segment->file_offset + segment->file_size <= view->file.size, "a segment beyond the file");
        __uint128_t end = (__uint128_t)segment->address + segment->memory_size;
        EXPECT(end <= (uint64_t)-PAGE, "a segment in the last page");
        EXPECT(end <= 1ull << 47 || segment->address >= -(1ull << 47), "a segment that is not canonical");
        EXPECT(i == 0 || plan->segments[i - 1].address + plan->segments[i - 1].memory_size <= segment->address,
               "segments unsorted or overlapping");
    }
    return NULL;
}

static bool touches(const Elf64_Phdr *load, uint64_t start, uint64_t end)
{
    return load->p_memsz > 0 && load->p_vaddr < end && load->p_vaddr + load->p_memsz > start;
}

/* What a page may do, from the program headers: the union, without W if all that is writable in it is RELRO. */
static uint32_t page_rights(const struct file_view *view, uint64_t page)
{
    uint32_t rights = 0;
    bool keeps_write = false;
    uint64_t relro_start = view->relro.p_vaddr, relro_end = relro_start + view->relro.p_memsz;
    bool in_relro = view->relro_count > 0 && touches(&view->relro, page, page + PAGE);
    for (unsigned i = 0; i < view->load_count; i++) {
        const Elf64_Phdr *load = &view->loads[i];
        if (!touches(load, page, page + PAGE))
            continue;
        rights |= load->p_flags & 7;
        if ((load->p_flags & PF_W) == 0)
            continue;
        if (!in_relro || (page < relro_start && touches(load, page, relro_start)) ||
            (relro_end < page + PAGE && touches(load, relro_end, page + PAGE)))
            keeps_write = true;
    }
    return keeps_write ? rights : rights & ~(uint32_t)PF_W;
}

static const struct elf_run *run_of(const struct elf_plan *plan, uint64_t page)
{
    for (unsigned i = 0; i < plan->run_count; i++)
        if (page >= plan->runs[i].address && page - plan->runs[i].address < plan->runs[i].size)
            return &plan->runs[i];
    return NULL;
}

/* The pages around `address`: rights as the program headers say, in a run exactly if a segment is there. */
static const char *check_page(const struct elf_plan *plan, const struct file_view *view, uint64_t address)
{
    uint64_t page = address & -PAGE;
    bool mapped = false;
    for (unsigned i = 0; i < view->load_count; i++)
        mapped |= touches(&view->loads[i], page, page + PAGE);
    const struct elf_run *run = run_of(plan, page);
    EXPECT((run != NULL) == mapped, "a page mapped without a segment, or the other way round");
    EXPECT(run == NULL || run->rights == page_rights(view, page), "a page's rights");
    return NULL;
}

static const char *check_edges(const struct elf_plan *plan, const struct file_view *view, uint64_t start, uint64_t size)
{
    const uint64_t places[] = {start - PAGE,     start,        start + PAGE,       start + size - 1 - PAGE,
                               start + size - 1, start + size, start + size + PAGE};
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        const char *wrong = places[i] >= (uint64_t)-PAGE ? NULL : check_page(plan, view, places[i]);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static const char *check_rights(const struct elf_plan *plan, const struct file_view *view)
{
    const char *wrong = NULL;
    for (unsigned i = 0; i < plan->run_count && wrong == NULL; i++)
        wrong = check_edges(plan, view, plan->runs[i].address, plan->runs[i].size);
    for (unsigned i = 0; i < view->load_count && wrong == NULL; i++)
        wrong = check_edges(plan, view, view->loads[i].p_vaddr, view->loads[i].p_memsz);
    if (wrong == NULL && view->relro_count > 0)
        wrong = check_edges(plan, view, view->relro.p_vaddr, view->relro.p_memsz);
    return wrong;
}

static const char *check_blocks(const struct elf_plan *plan)
{
    EXPECT(plan->block_count > 0 && plan->block_count <= plan->segment_count, "number of blocks");
    EXPECT(plan->lowest == plan->blocks[0].address, "lowest");
    const struct elf_block *last = &plan->blocks[plan->block_count - 1];
    EXPECT(plan->highest == last->address + last->size, "highest");
    for (unsigned i = 0; i < plan->block_count; i++) {
        const struct elf_block *block = &plan->blocks[i];
        EXPECT(block->size > 0 && (block->address | block->size) % PAGE == 0, "a block of broken pages");
        EXPECT(i == 0 || plan->blocks[i - 1].address + plan->blocks[i - 1].size < block->address, "blocks that touch");
    }
    return NULL;
}

static const char *check_runs(const struct elf_plan *plan)
{
    EXPECT(plan->run_count > 0 && plan->run_count <= ELF_RUNS_MAX, "number of runs");
    uint64_t in_blocks = 0, in_runs = 0;
    for (unsigned i = 0; i < plan->block_count; i++)
        in_blocks += plan->blocks[i].size;
    for (unsigned i = 0; i < plan->run_count; i++) {
        const struct elf_run *run = &plan->runs[i], *before = i > 0 ? run - 1 : NULL;
        EXPECT(run->size > 0 && (run->address | run->size) % PAGE == 0, "a run of broken pages");
        EXPECT(run->block < plan->block_count, "a run's block");
        const struct elf_block *block = &plan->blocks[run->block];
        EXPECT(run->address >= block->address && run->address + run->size <= block->address + block->size,
               "a run outside its block");
        EXPECT(before == NULL || before->address + before->size <= run->address, "runs that overlap");
        EXPECT(before == NULL || before->address + before->size < run->address || before->rights != run->rights,
               "runs that should be one");
        in_runs += run->size;
    }
    EXPECT(in_blocks == in_runs, "pages of a block without a run");
    return NULL;
}

static const char *check_entry(const struct elf_plan *plan, const struct file_view *view)
{
    EXPECT(plan->entry == view->header.e_entry, "another entry point");
    EXPECT(plan->relocatable == (view->header.e_type == ET_DYN), "ET_DYN or not");
    for (unsigned i = 0; i < view->load_count; i++) {
        const Elf64_Phdr *load = &view->loads[i];
        if ((load->p_flags & PF_X) != 0 && plan->entry >= load->p_vaddr && plan->entry < load->p_vaddr + load->p_filesz)
            return NULL;
    }
    return "an entry point outside the code";
}

static bool loaded(const struct file_view *view, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < view->load_count; i++)
        if (address >= view->loads[i].p_vaddr &&
            (__uint128_t)address + size <= (__uint128_t)view->loads[i].p_vaddr + view->loads[i].p_memsz)
            return true;
    return false;
}

static const char *check_extras(const struct elf_plan *plan, const struct file_view *view)
{
    EXPECT(view->relro_count < 2 && view->tls_count < 2 && view->dynamic_count < 2, "two of what there is one of");
    EXPECT(plan->dynamic.size == view->dynamic.p_memsz, "size of the dynamic section");
    EXPECT(plan->dynamic.size == 0 || loaded(view, plan->dynamic.address, plan->dynamic.size), "dynamic not loaded");
    EXPECT((plan->tls_alignment != 0) == (view->tls.p_memsz > 0), "TLS or not");
    EXPECT(plan->tls_memory_size == view->tls.p_memsz && plan->tls.size == view->tls.p_filesz, "TLS sizes");
    EXPECT(plan->tls.size == 0 || loaded(view, plan->tls.address, plan->tls.size), "TLS image not loaded");
    EXPECT(plan->tls.size <= plan->tls_memory_size, "TLS image above its memory");
    EXPECT((plan->tls_alignment & (plan->tls_alignment - 1)) == 0, "TLS alignment");
    EXPECT(plan->interpreter == (view->interpreter_count > 0), "interpreter");
    EXPECT(plan->null_page == (!plan->relocatable && plan->lowest == 0), "null page");

    uint64_t alignment = PAGE;
    for (unsigned i = 0; i < view->load_count; i++)
        if (view->loads[i].p_align > alignment)
            alignment = view->loads[i].p_align;
    EXPECT(plan->alignment == alignment && (alignment & (alignment - 1)) == 0, "alignment");
    EXPECT(plan->note_count <= ELF_NOTES_MAX, "number of notes");
    for (unsigned i = 0; i < plan->note_count; i++)
        EXPECT((__uint128_t)plan->note_offset[i] + plan->note_size[i] <= view->file.size && plan->note_size[i] > 0,
               "a note outside the file");
    return NULL;
}

static const char *check_wx(const struct elf_plan *plan)
{
    for (unsigned i = 0; i < plan->run_count; i++)
        EXPECT((plan->runs[i].rights & (ELF_W | ELF_X)) != (ELF_W | ELF_X), "writable and executable");
    return NULL;
}

const char *elf_valid(const struct elf_plan *plan, struct span file, bool allow_wx)
{
    struct file_view view;
    const char *wrong = view_file(file, &view);
    wrong = wrong != NULL ? wrong : check_segments(plan, &view);
    wrong = wrong != NULL ? wrong : check_blocks(plan);
    wrong = wrong != NULL ? wrong : check_runs(plan);
    wrong = wrong != NULL ? wrong : check_rights(plan, &view);
    wrong = wrong != NULL ? wrong : check_entry(plan, &view);
    wrong = wrong != NULL ? wrong : check_extras(plan, &view);
    return wrong != NULL || allow_wx ? wrong : check_wx(plan);
}
