/* Small kernels made in memory, so that tests can vary every field. They are never run. */
#ifndef STAGECOACH_TESTS_SAMPLE_KERNEL_H
#define STAGECOACH_TESTS_SAMPLE_KERNEL_H

#include <stagecoach/boot.h>

#include <elf.h>
#include <stdint.h>

#define SAMPLE_EXEC_BASE 0xffffffff80000000ull

/* File offsets; addresses are the base plus the same. */
#define SAMPLE_NOTE 0x300u
#define SAMPLE_TEXT 0x1000u
#define SAMPLE_TEXT_SIZE 0x345u
#define SAMPLE_DATA 0x2000u
#define SAMPLE_DATA_SIZE 0xa00u         /* in the file */
#define SAMPLE_DATA_MEMORY_SIZE 0x3123u /* with the zeroed rest */
#define SAMPLE_TLS 0x2040u
#define SAMPLE_RELA 0x2200u
#define SAMPLE_DYNAMIC 0x2300u
#define SAMPLE_POINTER 0x2010u /* ET_DYN: 8 bytes that a relocation sets to the entry point */
#define SAMPLE_FILE_SIZE 0x2a00u
#define SAMPLE_ENTRY 0x1010u

struct sample_kernel {
    union {
        uint8_t bytes[SAMPLE_FILE_SIZE];
        Elf64_Ehdr header;
    };
    uint64_t base;
};

/* A valid kernel: a read-only segment (headers, note), text, data with zeroed rest, PT_TLS; ET_DYN adds PT_DYNAMIC. */
void sample_kernel_make(struct sample_kernel *kernel, uint16_t type);

Elf64_Phdr *sample_kernel_segment(struct sample_kernel *kernel, unsigned index);

/* Its wishes, to be changed in place. */
struct boot_config *sample_kernel_config(struct sample_kernel *kernel);

#endif
