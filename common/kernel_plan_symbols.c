#include "elf_sections.h"
#include "kernel_reader.h"
#include "memory.h"

/* The symbol table among all section headers, which may be more than fit into the room at once. */
static enum status find_symbol_table(const struct kernel_reader *reader, struct elf_range headers,
                                     struct elf_section_header *table, bool *found)
{
    *found = false;
    for (uint64_t at = 0; at < headers.size && !*found; at += KERNEL_HEAD_MAX) {
        uint64_t rest = headers.size - at;
        struct span piece;
        enum status status =
            kernel_fetch(reader, headers.address + at, rest < KERNEL_HEAD_MAX ? rest : KERNEL_HEAD_MAX, &piece);
        if (status != STATUS_OK)
            return status;
        *found = elf_symbols_table(piece, table);
    }
    return STATUS_OK;
}

enum status kernel_plan_symbols(const struct kernel_reader *reader, struct elf_symbols *symbols)
{
    struct elf_range headers;
    struct elf_section_header table, names;
    struct span bytes;
    bool found;
    *symbols = (struct elf_symbols){0};
    enum status status = elf_sections_find(reader->head, reader->source->size, &headers, reader->error);
    if (status == STATUS_OK)
        status = find_symbol_table(reader, headers, &table, &found);
    if (status != STATUS_OK || !found)
        return status;
    if (table.link >= headers.size / sizeof names)
        return error_set(reader->error, STATUS_ELF_SECTIONS, "symbol table with names in section %u of %llu",
                         table.link, (unsigned long long)(headers.size / sizeof names));
    status = kernel_fetch(reader, headers.address + table.link * sizeof names, sizeof names, &bytes);
    if (status != STATUS_OK)
        return status;
    memcpy(&names, bytes.data, sizeof names);
    return elf_symbols_take(&table, &names, reader->source->size, symbols, reader->error);
}
