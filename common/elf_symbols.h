/* Where a kernel file has its symbols: numbers out of section headers, checked. Loading needs none of it. */
#ifndef STAGECOACH_ELF_SYMBOLS_H
#define STAGECOACH_ELF_SYMBOLS_H

#include "elf_format.h"
#include "elf_plan.h"

struct elf_symbols {        /* ranges of the file; size 0: the file has no symbols (stripped) */
    struct elf_range table; /* whole entries of struct elf_symbol */
    struct elf_range names;
};

/* The first symbol table among the headers in `piece`, whole section headers. Returns false if there is none. */
bool elf_symbols_table(struct span piece, struct elf_section_header *table);

/* Checks the table and the names that it links to. */
enum status elf_symbols_take(const struct elf_section_header *table, const struct elf_section_header *names,
                             uint64_t file_size, struct elf_symbols *symbols, struct error *error);

/* Bytes that both take one behind the other, with a NUL behind the names; 0: there are none. */
static inline uint64_t elf_symbols_size(const struct elf_symbols *symbols)
{
    return symbols->table.size == 0 ? 0
                                    : symbols->table.size + symbols->names.size + 1; /* both are parts of one file */
}

#endif
