/* A bzImage made by hand: a setup header, and code that says nothing. */
#ifndef STAGECOACH_TESTS_LINUX_IMAGE_H
#define STAGECOACH_TESTS_LINUX_IMAGE_H

#include <stdint.h>

#define LINUX_IMAGE_CODE_OFFSET 1024u /* one setup sector behind the first */
#define LINUX_IMAGE_CODE_SIZE 8192u
#define LINUX_IMAGE_SIZE (LINUX_IMAGE_CODE_OFFSET + LINUX_IMAGE_CODE_SIZE)
#define LINUX_IMAGE_MEMORY (1u << 20)    /* init_size */
#define LINUX_IMAGE_PREFERRED (16u << 20)
#define LINUX_IMAGE_COMMAND_LINE 100u

/* Relocatable, protocol 2.15, may lie above 4 GiB, a UEFI application as well. */
void linux_image_make(uint8_t image[LINUX_IMAGE_SIZE]);

/* Overwrites `size` bytes. */
void linux_image_put(uint8_t *image, uint32_t offset, uint64_t value, unsigned size);

#endif
