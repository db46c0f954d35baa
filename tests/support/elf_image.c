#include "elf_image.h"

#include "elf_plan.h"

#include <string.h>

Elf64_Ehdr *elf_image_header(struct elf_image *image)
{
    return (Elf64_Ehdr *)(void *)image->bytes;
}

void elf_image_start(struct elf_image *image, uint16_t type, uint64_t entry)
{
    memset(image, 0, sizeof *image);
    image->size = ELF_IMAGE_SIZE;
    *elf_image_header(image) = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = type,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = entry,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
    };
}

Elf64_Phdr *elf_image_add(struct elf_image *image, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
                          uint64_t file_size, uint64_t memory_size)
{
    Elf64_Phdr *header = (Elf64_Phdr *)(void *)(image->bytes + sizeof(Elf64_Ehdr));
    header += elf_image_header(image)->e_phnum++;
    *header = (Elf64_Phdr){
        .p_type = type,
        .p_flags = flags,
        .p_offset = offset,
        .p_vaddr = address,
        .p_paddr = ~address,
        .p_filesz = file_size,
        .p_memsz = memory_size,
        .p_align = 4096,
    };
    return header;
}

struct span elf_image_head(const struct elf_image *image)
{
    return (struct span){.data = image->bytes, .size = image->size < ELF_HEAD_SIZE ? image->size : ELF_HEAD_SIZE};
}
