#include "elf_headers.h"

#include "memory.h"

static enum status check_identity(const struct elf_file_header *header, struct error *error)
{
    if (header->class != ELF_CLASS_64 || header->data != ELF_DATA_LITTLE_ENDIAN)
        return error_set(error, STATUS_ELF_CLASS,
                         "ELF class %u, data %u: only class 2 (64 bit), data 1 (little endian) can be loaded; "
                         "compile the kernel for x86_64",
                         header->class, header->data);
    if (header->ident_version != ELF_VERSION_CURRENT || header->version != ELF_VERSION_CURRENT)
        return error_set(error, STATUS_ELF_VERSION, "ELF version %u/%u, but only version 1 exists",
                         header->ident_version, header->version);
    if (header->machine != ELF_MACHINE_X86_64)
        return error_set(error, STATUS_ELF_MACHINE, "made for machine %u, not for x86_64 (62)", header->machine);
    if (header->type != ELF_TYPE_EXEC && header->type != ELF_TYPE_DYN)
        return error_set(error, STATUS_ELF_TYPE,
                         "ELF type %u: neither an executable (2) nor position independent (3); is it linked?",
                         header->type);
    return STATUS_OK;
}

enum status elf_file_header_read(struct span head, struct elf_file_header *header, struct error *error)
{
    uint32_t magic;
    if (!span_u32(head, 0, &magic))
        return error_set(error, STATUS_ELF_TRUNCATED, "only %llu bytes long: not a kernel",
                         (unsigned long long)head.size);
    if (magic != ELF_MAGIC_WORD)
        return error_set(error, STATUS_ELF_MAGIC, "starts with %#010x, not with the ELF magic %#010x", magic,
                         ELF_MAGIC_WORD);
    struct span bytes;
    if (!span_part(head, 0, sizeof *header, &bytes))
        return error_set(error, STATUS_ELF_TRUNCATED, "only %llu bytes long; the ELF header alone has 64",
                         (unsigned long long)head.size);
    memcpy(header, bytes.data, sizeof *header);
    return check_identity(header, error);
}

enum status elf_headers_find(struct span head, uint64_t file_size, struct elf_range *table, struct error *error)
{
    struct elf_file_header header;
    enum status status = elf_file_header_read(head, &header, error);
    if (status != STATUS_OK)
        return status;
    if (header.program_header_count == 0)
        return error_set(error, STATUS_ELF_NO_SEGMENT, "has no program headers; link it as an executable");
    if (header.program_header_count == ELF_PN_XNUM)
        return error_set(error, STATUS_ELF_HEADERS, "has 65535 or more program headers; that can't be loaded");
    if (header.program_header_size != sizeof(struct elf_program_header))
        return error_set(error, STATUS_ELF_HEADERS, "program headers of %u bytes each, but ELF64's have 56",
                         header.program_header_size);
    if (header.program_headers < sizeof header)
        return error_set(error, STATUS_ELF_HEADERS, "program headers at %#llx, inside the ELF header",
                         (unsigned long long)header.program_headers);

    uint64_t size = header.program_header_count * (uint64_t)sizeof(struct elf_program_header);
    if (!range_ok(header.program_headers, size, file_size))
        return error_set(error, STATUS_ELF_TRUNCATED, "%u program headers at %#llx, but the file ends at %#llx",
                         header.program_header_count, (unsigned long long)header.program_headers,
                         (unsigned long long)file_size);
    *table = (struct elf_range){.address = header.program_headers, .size = size};
    return STATUS_OK;
}

enum status elf_headers_size(struct span head, uint64_t file_size, uint64_t *size, struct error *error)
{
    struct elf_range table = {0};
    enum status status = elf_headers_find(head, file_size, &table, error);
    if (status == STATUS_OK)
        *size = table.address + table.size;
    return status;
}

bool elf_program_header_read(struct span table, uint32_t index, struct elf_program_header *header)
{
    struct span bytes;
    if (!span_part(table, index * (uint64_t)sizeof *header, sizeof *header, &bytes))
        return false;
    memcpy(header, bytes.data, sizeof *header);
    return true;
}
