/* Finds a section by its name. Loading needs no sections; a foreign protocol's configuration may lie in one. */
#ifndef STAGECOACH_ELF_SECTIONS_H
#define STAGECOACH_ELF_SECTIONS_H

#include "elf_plan.h"

/* Where the section headers are: size 0 if the file has none. `head` begins with the file header. */
enum status elf_sections_find(struct span head, uint64_t file_size, struct elf_range *headers, struct error *error);

/* Where the section names are; size 0 if there are none. */
enum status elf_section_names_find(struct span head, struct span headers, uint64_t file_size, struct elf_range *names,
                                   struct error *error);

/* The file range of the first PROGBITS section called `name`; size 0 if there is none. */
enum status elf_section_find(struct span headers, struct span names, const char *name, uint64_t file_size,
                             struct elf_range *section, struct error *error);

#endif
