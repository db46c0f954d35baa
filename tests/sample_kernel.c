#include "sample_kernel.h"

#include <string.h>

static void add_segment(struct sample_kernel *kernel, uint32_t type, uint32_t flags, uint64_t offset,
                        uint64_t file_size, uint64_t memory_size, uint64_t alignment)
{
    *sample_kernel_segment(kernel, kernel->header.e_phnum++) = (Elf64_Phdr){.p_type = type,
                                                                            .p_flags = flags,
                                                                            .p_offset = offset,
                                                                            .p_vaddr = kernel->base + offset,
                                                                            .p_paddr = kernel->base + offset,
                                                                            .p_filesz = file_size,
                                                                            .p_memsz = memory_size,
                                                                            .p_align = alignment};
}

static void write_header(struct sample_kernel *kernel, uint16_t type)
{
    kernel->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = type,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = kernel->base + SAMPLE_ENTRY,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_shentsize = sizeof(Elf64_Shdr),
    };
}

static void write_note(struct sample_kernel *kernel)
{
    struct boot_note note = {
        sizeof(BOOT_NOTE_NAME),
        sizeof(struct boot_config),
        BOOT_NOTE_CONFIG,
        BOOT_NOTE_NAME,
        {.size = sizeof(struct boot_config), .version = BOOT_PROTOCOL_VERSION},
    };
    memcpy(kernel->bytes + SAMPLE_NOTE, &note, sizeof note);
    add_segment(kernel, PT_NOTE, PF_R, SAMPLE_NOTE, sizeof note, sizeof note, 8);
}

static void write_dynamic(struct sample_kernel *kernel)
{
    const Elf64_Rela rela = {
        .r_offset = SAMPLE_POINTER, .r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE), .r_addend = SAMPLE_ENTRY};
    const Elf64_Dyn dynamic[] = {
        {DT_RELA, {SAMPLE_RELA}}, {DT_RELASZ, {sizeof rela}}, {DT_RELAENT, {sizeof rela}}, {DT_NULL, {0}}};
    memcpy(kernel->bytes + SAMPLE_RELA, &rela, sizeof rela);
    memcpy(kernel->bytes + SAMPLE_DYNAMIC, dynamic, sizeof dynamic);
    add_segment(kernel, PT_DYNAMIC, PF_R | PF_W, SAMPLE_DYNAMIC, sizeof dynamic, sizeof dynamic, 8);
}

void sample_kernel_make(struct sample_kernel *kernel, uint16_t type)
{
    memset(kernel, 0, sizeof *kernel);
    kernel->base = type == ET_EXEC ? SAMPLE_EXEC_BASE : 0;
    for (unsigned i = SAMPLE_TEXT; i < SAMPLE_FILE_SIZE; i++)
        kernel->bytes[i] = (uint8_t)(i * 31 + i / 256 + 1);
    write_header(kernel, type);
    add_segment(kernel, PT_LOAD, PF_R, 0, 0x400, 0x400, 0x1000);
    add_segment(kernel, PT_LOAD, PF_R | PF_X, SAMPLE_TEXT, SAMPLE_TEXT_SIZE, SAMPLE_TEXT_SIZE, 0x1000);
    add_segment(kernel, PT_LOAD, PF_R | PF_W, SAMPLE_DATA, SAMPLE_DATA_SIZE, SAMPLE_DATA_MEMORY_SIZE, 0x1000);
    add_segment(kernel, PT_TLS, PF_R, SAMPLE_TLS, 0x21, 0x48, 16);
    write_note(kernel);
    if (type == ET_DYN)
        write_dynamic(kernel);
}

Elf64_Phdr *sample_kernel_segment(struct sample_kernel *kernel, unsigned index)
{
    return (Elf64_Phdr *)(void *)(kernel->bytes + sizeof(Elf64_Ehdr)) + index;
}

struct boot_config *sample_kernel_config(struct sample_kernel *kernel)
{
    return &((struct boot_note *)(void *)(kernel->bytes + SAMPLE_NOTE))->config;
}
