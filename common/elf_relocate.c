#include "elf_dynamic.h"
#include "elf_format.h"
#include "elf_plan.h"
#include "memory.h"

struct relocator {
    const struct elf_memory *memory;
    uint64_t bias;
    uint64_t symbols; /* unbiased address of the symbol table; 0: none */
    uint64_t count;
    struct error *error;
};

void *elf_memory_at(const struct elf_memory *memory, uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < memory->plan->block_count; i++) {
        const struct elf_block *block = &memory->plan->blocks[i];
        if (address >= block->address && range_ok(address - block->address, size, block->size))
            return (uint8_t *)memory->blocks[i] + (address - block->address);
    }
    return NULL;
}

/* The word at `address`, if a segment holds all of it: the rest of a segment's last page is not the kernel's. */
static uint8_t *target_at(const struct relocator *relocator, uint64_t address)
{
    const struct elf_plan *plan = relocator->memory->plan;
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if (address >= segment->address && range_ok(address - segment->address, sizeof(uint64_t), segment->memory_size))
            return elf_memory_at(relocator->memory, address, sizeof(uint64_t));
    }
    return NULL;
}

static enum status refuse_target(const struct relocator *relocator, uint64_t address)
{
    return error_set(relocator->error, STATUS_ELF_RELOCATION,
                     "relocation %llu: the word at %#llx is not inside a segment", (unsigned long long)relocator->count,
                     (unsigned long long)address);
}

static enum status refuse_symbol(const struct relocator *relocator, uint32_t index, const char *why)
{
    return error_set(relocator->error, STATUS_ELF_SYMBOL, "relocation %llu: symbol %u %s",
                     (unsigned long long)relocator->count, index, why);
}

/* The run-time value of a symbol: absolute ones and weak ones that nobody defines do not move. */
static enum status symbol_value(const struct relocator *relocator, uint32_t index, uint64_t *value)
{
    uint64_t address;
    struct elf_symbol symbol;
    const void *bytes = NULL;
    if (relocator->symbols != 0 && add_ok(relocator->symbols, index * (uint64_t)sizeof symbol, &address))
        bytes = elf_memory_at(relocator->memory, address, sizeof symbol);
    if (bytes == NULL || index == 0)
        return refuse_symbol(relocator, index, "is not in a symbol table");
    memcpy(&symbol, bytes, sizeof symbol);

    unsigned binding = symbol.info >> 4, type = symbol.info & 15u;
    if (symbol.section == ELF_SHN_UNDEF && binding != ELF_STB_WEAK)
        return refuse_symbol(relocator, index, "is undefined; link all of the kernel's parts");
    if (symbol.section == ELF_SHN_COMMON || type == ELF_STT_TLS || type == ELF_STT_GNU_IFUNC)
        return refuse_symbol(relocator, index, "is common, thread-local or an IFUNC: its address needs run-time help");
    if (symbol.section == ELF_SHN_UNDEF)
        *value = 0;
    else
        *value = symbol.section == ELF_SHN_ABS ? symbol.value : symbol.value + relocator->bias;
    return STATUS_OK;
}

static enum status refuse_type(const struct relocator *relocator, uint32_t type)
{
    static const struct {
        uint8_t type;
        char name[10];
    } names[] = {
        {2, "PC32"},      {5, "COPY"},     {10, "32"},      {11, "32S"},       {16, "DTPMOD64"},
        {17, "DTPOFF64"}, {18, "TPOFF64"}, {36, "TLSDESC"}, {37, "IRELATIVE"},
    };
    const char *name = "unknown";
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            name = names[i].name;
    return error_set(relocator->error, STATUS_ELF_RELOCATION_TYPE,
                     "relocation %llu has type %u (R_X86_64_%s); only RELATIVE, 64, GLOB_DAT and JUMP_SLOT are applied "
                     "(shared library code, IFUNC or dynamic TLS in a kernel?)",
                     (unsigned long long)relocator->count, type, name);
}

/* All sums are modulo 2^64, as addends are signed. */
static enum status apply_rela(struct relocator *relocator, const struct elf_rela *rela)
{
    uint64_t value = 0;
    enum status status = STATUS_OK;
    switch (rela->type) {
    case ELF_R_NONE:
        return STATUS_OK;
    case ELF_R_RELATIVE:
        value = relocator->bias + rela->addend;
        break;
    case ELF_R_64:
    case ELF_R_GLOB_DAT:
    case ELF_R_JUMP_SLOT:
        status = symbol_value(relocator, rela->symbol, &value);
        if (status != STATUS_OK)
            return status;
        if (rela->type == ELF_R_64) /* the other two have no addend (psABI, table 4.9) */
            value += rela->addend;
        break;
    default:
        return refuse_type(relocator, rela->type);
    }
    uint8_t *target = target_at(relocator, rela->offset);
    if (target == NULL)
        return refuse_target(relocator, rela->offset);
    memcpy(target, &value, sizeof value);
    relocator->count++;
    return STATUS_OK;
}

static enum status find_table(const struct relocator *relocator, const char *name, struct elf_range table,
                              const uint8_t **bytes)
{
    *bytes = NULL;
    if (table.size > 0)
        *bytes = elf_memory_at(relocator->memory, table.address, table.size);
    if (table.size > 0 && *bytes == NULL)
        return error_set(relocator->error, STATUS_ELF_RELOCATION, "the %s table (%#llx bytes at %#llx) is not loaded",
                         name, (unsigned long long)table.size, (unsigned long long)table.address);
    return STATUS_OK;
}

static enum status apply_rela_table(struct relocator *relocator, const char *name, struct elf_range table)
{
    const uint8_t *bytes;
    enum status status = find_table(relocator, name, table, &bytes);
    for (uint64_t at = 0; status == STATUS_OK && at < table.size; at += sizeof(struct elf_rela)) {
        struct elf_rela rela; /* a copy: a hostile record may aim at the table itself */
        memcpy(&rela, bytes + at, sizeof rela);
        status = apply_rela(relocator, &rela);
    }
    return status;
}

static enum status add_bias(struct relocator *relocator, uint64_t address)
{
    uint8_t *target = target_at(relocator, address);
    if (target == NULL)
        return refuse_target(relocator, address);
    uint64_t value;
    memcpy(&value, target, sizeof value);
    value += relocator->bias;
    memcpy(target, &value, sizeof value);
    relocator->count++;
    return STATUS_OK;
}

/* DT_RELR (gABI, "Relative relocation table"): an even word is an address; an odd one a bitmap of the 63 words that
 * follow those covered so far. */
static enum status apply_relr_word(struct relocator *relocator, uint64_t word, bool first, uint64_t *next)
{
    if ((word & 1) == 0) {
        *next = word + sizeof(uint64_t);
        return add_bias(relocator, word);
    }
    if (first)
        return error_set(relocator->error, STATUS_ELF_RELOCATION, "the DT_RELR table starts with a bitmap");
    enum status status = STATUS_OK;
    for (unsigned bit = 1; bit < 64 && status == STATUS_OK; bit++)
        if ((word >> bit & 1) != 0)
            status = add_bias(relocator, *next + (bit - 1) * sizeof(uint64_t));
    *next += 63 * sizeof(uint64_t);
    return status;
}

static enum status apply_relr_table(struct relocator *relocator, struct elf_range table)
{
    const uint8_t *bytes;
    enum status status = find_table(relocator, "DT_RELR", table, &bytes);
    uint64_t next = 0;
    for (uint64_t at = 0; status == STATUS_OK && at < table.size; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        status = apply_relr_word(relocator, word, at == 0, &next);
    }
    return status;
}

enum status elf_relocate(const struct elf_memory *memory, uint64_t bias, uint64_t *count, struct error *error)
{
    const struct elf_range *dynamic = &memory->plan->dynamic;
    *count = 0;
    if (dynamic->size == 0)
        return STATUS_OK;
    const struct span section = {.data = elf_memory_at(memory, dynamic->address, dynamic->size), .size = dynamic->size};
    struct elf_dynamic_tables tables;
    enum status status = elf_dynamic_read(section, &tables, error);
    if (status != STATUS_OK)
        return status;
    struct relocator relocator = {.memory = memory, .bias = bias, .symbols = tables.symbols, .error = error};
    status = apply_relr_table(&relocator, tables.relr);
    if (status == STATUS_OK)
        status = apply_rela_table(&relocator, "DT_RELA", tables.rela);
    if (status == STATUS_OK)
        status = apply_rela_table(&relocator, "DT_JMPREL", tables.jmprel);
    *count = relocator.count;
    return status;
}
