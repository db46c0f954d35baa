#include "pe.h"

#include "checked.h"
#include "memory.h"

#define DOS_SIZE 64u
#define DOS_POINTER 60u /* to the PE signature */
#define COFF_SIZE 24u   /* with the signature */
#define OPTIONAL_SIZE 112u
#define SECTION_SIZE 40u
#define MACHINE_X64 0x8664u
#define MAGIC_PE32_PLUS 0x20bu
#define SUBSYSTEM_EFI_APPLICATION 10u
#define DIRECTORY_CERTIFICATES 4u

static uint32_t load(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

static enum status bad(struct error *error, const char *text)
{
    return error_set(error, STATUS_EFI_PROGRAM, "is no UEFI application for x86_64: %s", text);
}

static enum status check_sections(uint64_t file_size, const uint8_t *table, uint32_t count, struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *section = table + (uint64_t)i * SECTION_SIZE;
        if (!range_ok(load(section + 20, 4), load(section + 16, 4), file_size))
            return bad(error, "a section lies outside the file");
    }
    return STATUS_OK;
}

enum status pe_read(struct span file, uint64_t file_size, struct pe_facts *facts, struct error *error)
{
    struct span coff, optional, sections;
    if (file.size < DOS_SIZE || !pe_detect(file))
        return bad(error, "it does not begin with MZ");
    uint64_t at = load(file.data + DOS_POINTER, 4);
    if (!span_part(file, at, COFF_SIZE, &coff) || memcmp(coff.data, "PE\0\0", 4) != 0)
        return bad(error, "it has no PE signature");
    uint32_t count = load(coff.data + 6, 2), optional_size = load(coff.data + 20, 2);
    if (load(coff.data + 4, 2) != MACHINE_X64)
        return bad(error, "it is for another machine");
    if (optional_size < OPTIONAL_SIZE || !span_part(file, at + COFF_SIZE, optional_size, &optional))
        return bad(error, "its optional header is cut off");
    if (load(optional.data, 2) != MAGIC_PE32_PLUS)
        return bad(error, "it is not PE32+");
    if (load(optional.data + 68, 2) != SUBSYSTEM_EFI_APPLICATION)
        return bad(error, "its subsystem is not that of UEFI applications");
    if (count == 0 || !span_part(file, at + COFF_SIZE + optional_size, (uint64_t)count * SECTION_SIZE, &sections))
        return bad(error, "its section table is cut off");
    uint32_t entry = load(optional.data + 16, 4), size = load(optional.data + 56, 4);
    if (entry == 0 || entry >= size)
        return bad(error, "its entry point lies outside");
    uint64_t certificates = OPTIONAL_SIZE + DIRECTORY_CERTIFICATES * 8;
    *facts = (struct pe_facts){.section_count = count};
    facts->is_signed = load(optional.data + 108, 4) > DIRECTORY_CERTIFICATES && optional_size >= certificates + 8 &&
                       load(optional.data + certificates + 4, 4) != 0;
    return check_sections(file_size, sections.data, count, error);
}
