/* A second opinion on struct elf_plan, written against the file and <elf.h>, not against the planner. */
#ifndef STAGECOACH_TESTS_ELF_VALID_H
#define STAGECOACH_TESTS_ELF_VALID_H

#include "elf_plan.h"

/* NULL if `plan` is what the whole file in `file` asks for, else what is wrong with it. */
const char *elf_valid(const struct elf_plan *plan, struct span file, bool allow_wx);

#endif
