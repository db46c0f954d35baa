/* Puts the kernel's segments into frames of their own and relocates them. */
#ifndef STAGECOACH_KERNEL_LOAD_H
#define STAGECOACH_KERNEL_LOAD_H

#include "boot_file.h"
#include "kernel_plan.h"

struct kernel_image {
    uint64_t block_phys[ELF_SEGMENTS_MAX]; /* of each block of the ELF plan */
    struct elf_memory memory;
    uint64_t file_phys; /* of a copy of the whole file; 0: none was asked for */
    uint64_t file_size;
    uint64_t symbols_phys; /* of the symbol table, its names and a NUL; 0: none */
};

/* Takes frames of that type for the whole kernel file and reads it there: for protocols that hand it over. Segments are
 * then copied from there instead of being read again. */
enum status kernel_keep_file(struct boot_file *file, uint32_t type, struct frames *frames,
                             struct kernel_image *image, struct error *error);

/* Takes frames for the symbols, if the plan has any, and reads just them. */
enum status kernel_load_symbols(const struct elf_symbols *symbols, struct boot_file *file, struct frames *frames,
                                struct kernel_image *image, struct error *error);

/* Takes frames for each block, congruent to its biased address modulo the largest page that fits, so that large pages
 * can map it; at random, if there is `random`, but so that `spare` bytes are left in one piece. */
enum status kernel_take_frames(const struct elf_plan *elf, uint64_t bias, struct random *random, uint64_t spare,
                               struct frames *frames, struct kernel_image *image, struct error *error);

/* Reads every segment straight to its final place and zeroes all other bytes of the blocks. */
enum status kernel_read_segments(const struct elf_plan *elf, struct boot_file *file, struct kernel_image *image,
                                 struct error *error);

/* Where an (unbiased) address of the kernel lies in physical memory; `address` is inside a block. */
uint64_t kernel_phys(const struct elf_plan *elf, const struct kernel_image *image, uint64_t address);

#endif
