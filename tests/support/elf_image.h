/* ELF files made by hand, in memory, for tests: a header and as many program headers as are added. */
#ifndef STAGECOACH_TESTS_ELF_IMAGE_H
#define STAGECOACH_TESTS_ELF_IMAGE_H

#include "span.h"

#include <elf.h>

#define ELF_IMAGE_SIZE 65536u

struct elf_image {
    uint8_t bytes[ELF_IMAGE_SIZE];
    uint64_t size; /* of the file; may be set to more or less than ELF_IMAGE_SIZE */
};

/* An x86_64 file of `type` (ET_*) with program headers right behind the header, none so far. */
void elf_image_start(struct elf_image *image, uint16_t type, uint64_t entry);

/* Adds one program header and returns it, to be changed in place. */
Elf64_Phdr *elf_image_add(struct elf_image *image, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
                          uint64_t file_size, uint64_t memory_size);

Elf64_Ehdr *elf_image_header(struct elf_image *image);

/* The file's head, as the loader reads it first. */
struct span elf_image_head(const struct elf_image *image);

#endif
