/* What loading an ELF64 kernel will do, worked out from its headers alone: a pure function of the file's bytes, the
 * same in both loaders, in imgtool and in tests. Nothing here knows addresses that the loader will choose. */
#ifndef STAGECOACH_ELF_PLAN_H
#define STAGECOACH_ELF_PLAN_H

#include "error.h"
#include "span.h"

#include <stdbool.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 64
#define ELF_RUNS_MAX (2 * ELF_SEGMENTS_MAX + 2) /* shared pages and RELRO split segments */
#define ELF_NOTES_MAX 8
#define ELF_HEAD_SIZE 4096u /* bytes of the file that are read first; more only if the headers lie further on */

#define ELF_X 1u
#define ELF_W 2u
#define ELF_R 4u

struct elf_segment {  /* one PT_LOAD with memory size > 0, sorted by address */
    uint64_t address; /* ELF virtual address (unbiased), start of the segment's bytes */
    uint64_t file_offset;
    uint64_t file_size;
    uint64_t memory_size; /* >= file_size; the rest is zero */
    uint32_t rights;      /* ELF_* */
};

struct elf_run { /* whole pages with one set of rights, sorted, disjoint: the union of rights where segments share a
                    page */
    uint64_t address; /* unbiased, page aligned */
    uint64_t size;    /* multiple of 4 KiB */
    uint32_t rights;  /* final, after RELRO */
    uint32_t block;   /* index of the physical block that holds it */
};

struct elf_block { /* a maximal run of touching pages: gets one contiguous piece of physical memory */
    uint64_t address;
    uint64_t size;
};

struct elf_range {
    uint64_t address; /* unbiased */
    uint64_t size;    /* 0: absent */
};

struct elf_plan {
    bool relocatable;         /* ET_DYN */
    uint64_t entry;           /* unbiased */
    uint64_t lowest, highest; /* page-aligned bounds of all segments, unbiased; highest excluded */
    uint64_t alignment;       /* the largest p_align, at least 4 KiB: what a bias must be a multiple of */
    uint32_t segment_count, run_count, block_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    struct elf_run runs[ELF_RUNS_MAX];
    struct elf_block blocks[ELF_SEGMENTS_MAX];
    struct elf_range dynamic, relro;
    struct elf_range tls;                    /* address and file size of the initialisation image; size may be 0 */
    uint64_t tls_memory_size, tls_alignment; /* alignment 0: no PT_TLS */
    bool null_page;                          /* an ET_EXEC segment covers address 0: worth a warning */
    bool interpreter; /* PT_INTERP is there; only a DT_NEEDED makes that an error (-pie without -static has one) */
    uint64_t note_offset[ELF_NOTES_MAX], note_size[ELF_NOTES_MAX]; /* the PT_NOTEs' file ranges, checked */
    uint32_t note_alignment[ELF_NOTES_MAX];                        /* 4 or 8: for elf_note_find() */
    uint32_t note_count;
};

/* What is accepted, beyond the letter of the ELF specification or short of it:
 *   - segments are copied, so p_offset and p_vaddr need not be congruent modulo p_align; p_paddr is ignored
 *   - PT_LOADs in any order; those of memory size 0 are ignored
 *   - each segment lies in one canonical half, below the last page; all of an ET_DYN in the same half
 *   - the entry point lies in the file-backed part of a segment with X
 *   - GNU_RELRO takes W from each page whose writable bytes all lie inside it, wherever the linker rounded its ends
 *   - a segment with W and X is refused whatever RELRO does; a shared page, if W and X remain after it
 *   - e_ehsize, e_flags, the section headers, OS ABI and unknown program headers are not looked at
 */

/* How much of the file must be at hand for elf_plan_make(): ELF header and program headers. `head` is the file's first
 * min(file_size, ELF_HEAD_SIZE) bytes. */
enum status elf_headers_size(struct span head, uint64_t file_size, uint64_t *size, struct error *error);

/* `head` holds at least elf_headers_size() bytes. allow_wx: BOOT_CONFIG_ALLOW_WX. */
enum status elf_plan_make(struct span head, uint64_t file_size, bool allow_wx, struct elf_plan *plan,
                          struct error *error);

/* The same in two steps, for program headers that lie far behind the ELF header: where they are, and the plan from
 * `head` (at least the ELF header) and `table`, the bytes of the file range that elf_headers_find() named. */
enum status elf_headers_find(struct span head, uint64_t file_size, struct elf_range *table, struct error *error);
enum status elf_plan_from(struct span head, struct span table, uint64_t file_size, bool allow_wx, struct elf_plan *plan,
                          struct error *error);

/* STATUS_ELF_WX if a segment, or a page after RELRO, is writable and executable: for callers that learn only after
 * planning whether that is allowed. */
enum status elf_plan_check_wx(const struct elf_plan *plan, struct error *error);

/* Finds the first note `name`/`type` in one PT_NOTE's bytes, whose names and descriptors are padded to `alignment` (4
 * or 8: note_alignment of the plan). Returns STATUS_OK, and a descriptor with data NULL, if there is none. */
enum status elf_note_find(struct span notes, uint32_t alignment, const char *name, uint32_t type,
                          struct span *descriptor, struct error *error);

/* The kernel's memory while it is relocated: translates an unbiased ELF range to a pointer, NULL if it is not wholly
 * inside one block. */
struct elf_memory {
    const struct elf_plan *plan;
    void *blocks[ELF_SEGMENTS_MAX]; /* pointer to each block's bytes */
};
void *elf_memory_at(const struct elf_memory *memory, uint64_t address, uint64_t size);

/* Applies DT_RELA, DT_RELR, DT_JMPREL (RELATIVE, 64, GLOB_DAT, JUMP_SLOT against defined symbols) with `bias` added,
 * all targets checked. Also run for ET_EXEC with a dynamic section (bias 0). *count: records applied. A DT_NEEDED is
 * refused with STATUS_ELF_INTERP. */
enum status elf_relocate(const struct elf_memory *memory, uint64_t bias, uint64_t *count, struct error *error);

#endif
