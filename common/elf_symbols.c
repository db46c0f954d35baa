#include "elf_symbols.h"

#include "memory.h"

static unsigned long long long_of(uint64_t value)
{
    return value;
}

bool elf_symbols_table(struct span piece, struct elf_section_header *table)
{
    struct span bytes;
    for (uint64_t at = 0; span_part(piece, at, sizeof *table, &bytes); at += sizeof *table) {
        memcpy(table, bytes.data, sizeof *table);
        if (table->type == ELF_SHT_SYMTAB)
            return true;
    }
    return false;
}

enum status elf_symbols_take(const struct elf_section_header *table, const struct elf_section_header *names,
                             uint64_t file_size, struct elf_symbols *symbols, struct error *error)
{
    if (table->entry_size != sizeof(struct elf_symbol) || table->size % sizeof(struct elf_symbol) != 0)
        return error_set(error, STATUS_ELF_SECTIONS, "symbol table of %#llx bytes with entries of %llu, not %u",
                         long_of(table->size), long_of(table->entry_size), (unsigned)sizeof(struct elf_symbol));
    if (names->type != ELF_SHT_STRTAB)
        return error_set(error, STATUS_ELF_SECTIONS, "symbol table with names in section %u, which is no string table",
                         table->link);
    if (!range_ok(table->offset, table->size, file_size))
        return error_set(error, STATUS_ELF_TRUNCATED,
                         "symbol table of %#llx bytes at %#llx, but the file ends at %#llx", long_of(table->size),
                         long_of(table->offset), long_of(file_size));
    if (!range_ok(names->offset, names->size, file_size))
        return error_set(error, STATUS_ELF_TRUNCATED,
                         "symbol names of %#llx bytes at %#llx, but the file ends at %#llx", long_of(names->size),
                         long_of(names->offset), long_of(file_size));
    *symbols = (struct elf_symbols){{table->offset, table->size}, {names->offset, names->size}};
    return STATUS_OK;
}
