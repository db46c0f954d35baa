/* What kernel_plan.c and its parts have of a kernel's file: its head, and one piece from further on at a time. */
#ifndef STAGECOACH_KERNEL_READER_H
#define STAGECOACH_KERNEL_READER_H

#include "kernel_plan.h"

struct kernel_reader {
    const struct file_source *source;
    struct span head;
    struct error *error;
};

struct kernel_room {
    uint8_t head[ELF_HEAD_SIZE];
    uint8_t far[KERNEL_HEAD_MAX];
};
extern struct kernel_room kernel_room; /* one kernel is read at a time */

/* The file range [offset, offset + size), checked to lie inside the file and to fit; overwrites the last far piece. */
enum status kernel_fetch(const struct kernel_reader *reader, uint64_t offset, uint64_t size, struct span *bytes);

/* A kernel without a Stagecoach note: what its section for bootloader_api says, or why it can't be loaded.
 * kernel_plan_api.c. */
enum status kernel_plan_api(const struct kernel_reader *reader, struct kernel_plan *plan);

/* A kernel that says nothing in these protocols may have a header of Multiboot's. False: it has none, and *status is
 * still the reason why it can't be loaded. kernel_plan_multiboot.c. */
bool kernel_plan_multiboot(const struct kernel_reader *reader, struct kernel_plan *plan, enum status *status);

/* Where the file has its symbols, for a kernel that wants them. kernel_plan_symbols.c. */
enum status kernel_plan_symbols(const struct kernel_reader *reader, struct elf_symbols *symbols);

#endif
