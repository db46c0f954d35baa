#include "elf_dynamic.h"

#include "elf_format.h"
#include "memory.h"

#define SMALL_TAGS 38u /* up to DT_RELRENT */

struct tags {
    uint64_t values[SMALL_TAGS];
    bool present[SMALL_TAGS];
};

static bool entry_at(struct span section, uint64_t offset, struct elf_dynamic *entry)
{
    struct span bytes;
    if (!span_part(section, offset, sizeof *entry, &bytes))
        return false;
    memcpy(entry, bytes.data, sizeof *entry);
    return true;
}

static enum status refuse_needed(struct error *error)
{
    return error_set(error, STATUS_ELF_INTERP,
                     "needs a shared library (DT_NEEDED): there is no dynamic linker below a kernel; link with "
                     "-nostdlib and -static or -static-pie");
}

static enum status check_tag(uint64_t tag, struct error *error)
{
    switch (tag) {
    case ELF_DT_NEEDED:
        return refuse_needed(error);
    case ELF_DT_REL:
        return error_set(error, STATUS_ELF_DYNAMIC, "has a DT_REL table, which x86_64 does not use");
    case ELF_DT_ANDROID_REL:
    case ELF_DT_ANDROID_RELA:
    case ELF_DT_ANDROID_RELR:
        return error_set(error, STATUS_ELF_DYNAMIC,
                         "has relocations packed the Android way (tag %#llx); link without --pack-dyn-relocs=android",
                         (unsigned long long)tag);
    default:
        return STATUS_OK;
    }
}

static enum status read_tags(struct span section, struct tags *tags, struct error *error)
{
    struct elf_dynamic entry;
    for (uint64_t offset = 0; entry_at(section, offset, &entry); offset += sizeof entry) {
        if (entry.tag == ELF_DT_NULL)
            return STATUS_OK;
        enum status status = check_tag(entry.tag, error);
        if (status != STATUS_OK)
            return status;
        if (entry.tag >= SMALL_TAGS)
            continue;
        if (tags->present[entry.tag])
            return error_set(error, STATUS_ELF_DYNAMIC, "the dynamic section has tag %llu twice",
                             (unsigned long long)entry.tag);
        tags->present[entry.tag] = true;
        tags->values[entry.tag] = entry.value;
    }
    return error_set(error, STATUS_ELF_DYNAMIC, "the dynamic section (%llu bytes) does not end in DT_NULL",
                     (unsigned long long)section.size);
}

/* One table of relocations. entry_tag 0: its entries' size has no tag. */
static enum status find_table(const struct tags *tags, const char *name, uint32_t address_tag, uint32_t size_tag,
                              uint32_t entry_tag, uint64_t entry_size, struct elf_range *table, struct error *error)
{
    *table = (struct elf_range){0};
    if (tags->present[address_tag] != tags->present[size_tag])
        return error_set(error, STATUS_ELF_DYNAMIC, "the dynamic section has %s's %s, but not its %s", name,
                         tags->present[address_tag] ? "address" : "size",
                         tags->present[address_tag] ? "size" : "address");
    if (!tags->present[address_tag])
        return STATUS_OK;
    if (entry_tag != 0 && tags->present[entry_tag] && tags->values[entry_tag] != entry_size)
        return error_set(error, STATUS_ELF_RELOCATION, "%s's entries have %llu bytes instead of %llu", name,
                         (unsigned long long)tags->values[entry_tag], (unsigned long long)entry_size);
    if (tags->values[size_tag] % entry_size != 0)
        return error_set(error, STATUS_ELF_RELOCATION, "%s's size, %llu, is not a multiple of %llu", name,
                         (unsigned long long)tags->values[size_tag], (unsigned long long)entry_size);
    *table = (struct elf_range){.address = tags->values[address_tag], .size = tags->values[size_tag]};
    return STATUS_OK;
}

enum status elf_dynamic_read(struct span section, struct elf_dynamic_tables *tables, struct error *error)
{
    struct tags tags = {0};
    enum status status = read_tags(section, &tags, error);
    if (status != STATUS_OK)
        return status;
    if (tags.present[ELF_DT_PLTREL] && tags.values[ELF_DT_PLTREL] != ELF_DT_RELA)
        return error_set(error, STATUS_ELF_DYNAMIC, "DT_PLTREL is %llu, but x86_64 uses DT_RELA (7)",
                         (unsigned long long)tags.values[ELF_DT_PLTREL]);
    if (tags.present[ELF_DT_SYMENT] && tags.values[ELF_DT_SYMENT] != sizeof(struct elf_symbol))
        return error_set(error, STATUS_ELF_SYMBOL, "symbols of %llu bytes each, but ELF64's have 24",
                         (unsigned long long)tags.values[ELF_DT_SYMENT]);
    tables->symbols = tags.present[ELF_DT_SYMTAB] ? tags.values[ELF_DT_SYMTAB] : 0;

    const uint64_t rela_size = sizeof(struct elf_rela);
    status = find_table(&tags, "DT_RELA", ELF_DT_RELA, ELF_DT_RELASZ, ELF_DT_RELAENT, rela_size, &tables->rela, error);
    if (status == STATUS_OK)
        status = find_table(&tags, "DT_JMPREL", ELF_DT_JMPREL, ELF_DT_PLTRELSZ, 0, rela_size, &tables->jmprel, error);
    if (status == STATUS_OK)
        status = find_table(&tags, "DT_RELR", ELF_DT_RELR, ELF_DT_RELRSZ, ELF_DT_RELRENT, sizeof(uint64_t),
                            &tables->relr, error);
    return status;
}

enum status elf_dynamic_check_needed(struct span section, struct error *error)
{
    struct elf_dynamic entry;
    for (uint64_t offset = 0; entry_at(section, offset, &entry) && entry.tag != ELF_DT_NULL; offset += sizeof entry)
        if (entry.tag == ELF_DT_NEEDED)
            return refuse_needed(error);
    return STATUS_OK;
}
