/* Inside the ELF planner: the file header, checked, and one program header at a time. */
#ifndef STAGECOACH_ELF_HEADERS_H
#define STAGECOACH_ELF_HEADERS_H

#include "elf_format.h"
#include "elf_plan.h"

/* Copies the file header out of `head` and checks all but the place of the program headers. */
enum status elf_file_header_read(struct span head, struct elf_file_header *header, struct error *error);

/* Program header `index` of `table`. False if the table ends before it. */
bool elf_program_header_read(struct span table, uint32_t index, struct elf_program_header *header);

#endif
