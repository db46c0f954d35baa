/* Multiboot kernels made by hand: a file of 8 KiB with an ELF header, or without, and a header of either version. */
#ifndef STAGECOACH_TESTS_MULTIBOOT_IMAGE_H
#define STAGECOACH_TESTS_MULTIBOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define MULTIBOOT_IMAGE_SIZE 8192u
#define MULTIBOOT_IMAGE_HEADER 256u /* offset of the Multiboot header */
#define MULTIBOOT_IMAGE_CODE 4096u  /* offset of the segment */
#define MULTIBOOT_IMAGE_CODE_SIZE 3000u
#define MULTIBOOT_IMAGE_MEMORY 20000u /* of the segment */
#define MULTIBOOT_IMAGE_PHYS 0x400000u
#define MULTIBOOT_IMAGE_VIRTUAL 0x10400000u
#define MULTIBOOT_IMAGE_ENTRY 0x123u /* in the segment */

/* ELF32 or ELF64 with one segment, a Multiboot2 header with nothing but its end. */
void multiboot_image_make(uint8_t image[MULTIBOOT_IMAGE_SIZE], bool wide);

/* Adds a tag of these words to the version 2 header, and corrects the checksum. */
void multiboot_image_tag(uint8_t *image, uint16_t type, uint16_t flags, const uint32_t *words, uint32_t count);

/* Puts a header of version 1 in place of the other: flags and what follows the checksum. */
void multiboot_image_version1(uint8_t *image, uint32_t flags, const uint32_t *words, uint32_t count);

void multiboot_image_put(uint8_t *image, uint32_t offset, uint64_t value, unsigned size);

#endif
