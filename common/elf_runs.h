/* Inside the ELF planner: from sorted, disjoint segments to pages. */
#ifndef STAGECOACH_ELF_RUNS_H
#define STAGECOACH_ELF_RUNS_H

#include "elf_plan.h"

/* Fills in the plan's blocks, bounds and runs from its segments, of which there is at least one. */
void elf_runs_make(struct elf_plan *plan);

/* Takes the right to write from the pages that the plan's relro range protects; joins runs that became equal. */
enum status elf_runs_apply_relro(struct elf_plan *plan, struct error *error);

#endif
