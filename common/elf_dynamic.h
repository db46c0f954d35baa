/* Inside the ELF code: the dynamic section, as far as kernels need it. */
#ifndef STAGECOACH_ELF_DYNAMIC_H
#define STAGECOACH_ELF_DYNAMIC_H

#include "elf_plan.h"

struct elf_dynamic_tables { /* unbiased; size 0: absent */
    struct elf_range rela, jmprel, relr;
    uint64_t symbols; /* 0: no symbol table; its size is nowhere told */
};

/* Reads the section up to its DT_NULL and refuses what would need a dynamic linker or is contradictory. */
enum status elf_dynamic_read(struct span section, struct elf_dynamic_tables *tables, struct error *error);

/* Only the question whether a DT_NEEDED is there: STATUS_ELF_INTERP. */
enum status elf_dynamic_check_needed(struct span section, struct error *error);

#endif
