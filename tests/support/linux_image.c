#include "linux_image.h"

#include <string.h>

#define PE_OFFSET 0x40u

void linux_image_put(uint8_t *image, uint32_t offset, uint64_t value, unsigned size)
{
    memcpy(image + offset, &value, size);
}

/* Just enough of a PE32+ header, in the space that the boot sector leaves. */
static void put_pe(uint8_t *image)
{
    memcpy(image, "MZ", 2);
    linux_image_put(image, 0x3c, PE_OFFSET, 4);
    memcpy(image + PE_OFFSET, "PE\0\0", 4);
    linux_image_put(image, PE_OFFSET + 4, 0x8664, 2);
    linux_image_put(image, PE_OFFSET + 6, 1, 2);
    linux_image_put(image, PE_OFFSET + 20, 112, 2);
    linux_image_put(image, PE_OFFSET + 24, 0x20b, 2);
    linux_image_put(image, PE_OFFSET + 24 + 16, 0x1000, 4);  /* entry */
    linux_image_put(image, PE_OFFSET + 24 + 56, 0x10000, 4); /* size */
    linux_image_put(image, PE_OFFSET + 24 + 68, 10, 2);      /* an application */
    linux_image_put(image, PE_OFFSET + 24 + 112 + 16, LINUX_IMAGE_CODE_SIZE, 4);
    linux_image_put(image, PE_OFFSET + 24 + 112 + 20, LINUX_IMAGE_CODE_OFFSET, 4);
}

void linux_image_make(uint8_t image[LINUX_IMAGE_SIZE])
{
    memset(image, 0, LINUX_IMAGE_CODE_OFFSET);
    for (uint32_t i = 0; i < LINUX_IMAGE_CODE_SIZE; i++)
        image[LINUX_IMAGE_CODE_OFFSET + i] = (uint8_t)(i * 11 + i / 253);
    put_pe(image);
    linux_image_put(image, 0x1f1, 1, 1);                          /* setup_sects */
    linux_image_put(image, 0x1f4, LINUX_IMAGE_CODE_SIZE / 16, 4); /* syssize */
    linux_image_put(image, 0x1fe, 0xaa55, 2);
    linux_image_put(image, 0x200, 0x6aeb, 2); /* jmp, and the header's end with it */
    memcpy(image + 0x202, "HdrS", 4);
    linux_image_put(image, 0x206, 0x20f, 2);
    linux_image_put(image, 0x211, 1, 1);          /* loadflags: LOADED_HIGH */
    linux_image_put(image, 0x22c, 0x7fffffff, 4); /* initrd_addr_max */
    linux_image_put(image, 0x230, 2u << 20, 4);   /* kernel_alignment */
    linux_image_put(image, 0x234, 1, 1);          /* relocatable_kernel */
    linux_image_put(image, 0x236, 3, 2);          /* xloadflags: 64-bit entry, above 4 GiB */
    linux_image_put(image, 0x238, LINUX_IMAGE_COMMAND_LINE, 4);
    linux_image_put(image, 0x258, LINUX_IMAGE_PREFERRED, 8);
    linux_image_put(image, 0x260, LINUX_IMAGE_MEMORY, 4);
}
