#include "elf_sections.h"

#include "elf_headers.h"
#include "memory.h"

static bool section_header_read(struct span headers, uint64_t index, struct elf_section_header *header)
{
    struct span bytes;
    if (!span_part(headers, index * sizeof *header, sizeof *header, &bytes))
        return false;
    memcpy(header, bytes.data, sizeof *header);
    return true;
}

static enum status check_range(uint64_t offset, uint64_t size, uint64_t file_size, const char *what,
                               struct elf_range *range, struct error *error)
{
    if (!range_ok(offset, size, file_size))
        return error_set(error, STATUS_ELF_TRUNCATED, "%s of %#llx bytes at %#llx, but the file ends at %#llx", what,
                         (unsigned long long)size, (unsigned long long)offset, (unsigned long long)file_size);
    *range = (struct elf_range){.address = offset, .size = size};
    return STATUS_OK;
}

enum status elf_sections_find(struct span head, uint64_t file_size, struct elf_range *headers, struct error *error)
{
    struct elf_file_header header;
    enum status status = elf_file_header_read(head, &header, error);
    if (status != STATUS_OK)
        return status;
    *headers = (struct elf_range){0};
    if (header.section_headers == 0 || header.section_header_size != sizeof(struct elf_section_header))
        return STATUS_OK;
    uint64_t size = header.section_header_count * (uint64_t)sizeof(struct elf_section_header);
    return check_range(header.section_headers, size, file_size, "section headers", headers, error);
}

enum status elf_section_names_find(struct span head, struct span headers, uint64_t file_size, struct elf_range *names,
                                   struct error *error)
{
    struct elf_file_header file;
    struct elf_section_header header;
    enum status status = elf_file_header_read(head, &file, error);
    if (status != STATUS_OK)
        return status;
    *names = (struct elf_range){0};
    if (!section_header_read(headers, file.section_names, &header))
        return STATUS_OK;
    return check_range(header.offset, header.size, file_size, "section names", names, error);
}

/* True if the NUL-terminated text at `offset` is `name`. */
static bool is_named(struct span names, uint64_t offset, const char *name)
{
    uint8_t byte;
    for (; span_u8(names, offset, &byte) && byte == (uint8_t)*name; offset++, name++)
        if (byte == 0)
            return true;
    return false;
}

enum status elf_section_find(struct span headers, struct span names, const char *name, uint64_t file_size,
                             struct elf_range *section, struct error *error)
{
    struct elf_section_header header;
    *section = (struct elf_range){0};
    for (uint64_t i = 0; section_header_read(headers, i, &header); i++)
        if (header.type == ELF_SHT_PROGBITS && is_named(names, header.name, name))
            return check_range(header.offset, header.size, file_size, name, section, error);
    return STATUS_OK;
}
