#include "multiboot_image.h"

#include <string.h>

void multiboot_image_put(uint8_t *image, uint32_t offset, uint64_t value, unsigned size)
{
    memcpy(image + offset, &value, size);
}

static void put_elf(uint8_t *image, bool wide)
{
    const unsigned word = wide ? 8 : 4;
    const uint32_t table = wide ? 64 : 52, sizes = wide ? 52 : 40, fields = table + (wide ? 8 : 4);
    const uint64_t segment[] = {MULTIBOOT_IMAGE_CODE, MULTIBOOT_IMAGE_VIRTUAL, MULTIBOOT_IMAGE_PHYS,
                                MULTIBOOT_IMAGE_CODE_SIZE, MULTIBOOT_IMAGE_MEMORY};
    memcpy(image,
           "\x7f"
           "ELF",
           4);
    image[4] = wide ? 2 : 1;
    image[5] = image[6] = 1;
    multiboot_image_put(image, 16, 2, 2);
    multiboot_image_put(image, 18, wide ? 62 : 3, 2);
    multiboot_image_put(image, 20, 1, 4);
    multiboot_image_put(image, 24, MULTIBOOT_IMAGE_VIRTUAL + MULTIBOOT_IMAGE_ENTRY, word);
    multiboot_image_put(image, 24 + word, table, word);
    multiboot_image_put(image, sizes, table, 2);
    multiboot_image_put(image, sizes + 2, wide ? 56 : 32, 2);
    multiboot_image_put(image, sizes + 4, 1, 2);
    multiboot_image_put(image, sizes + 6, wide ? 64 : 40, 2);
    multiboot_image_put(image, table, 1, 4); /* PT_LOAD */
    for (unsigned i = 0; i < 5; i++)
        multiboot_image_put(image, fields + i * word, segment[i], word);
}

static void put_header(uint8_t *image, uint32_t length)
{
    const uint32_t words[] = {0xe85250d6, 0, length, -(0xe85250d6 + length)};
    memcpy(image + MULTIBOOT_IMAGE_HEADER, words, sizeof words);
    multiboot_image_put(image, MULTIBOOT_IMAGE_HEADER + length - 8, 0, 4);
    multiboot_image_put(image, MULTIBOOT_IMAGE_HEADER + length - 4, 8, 4);
}

void multiboot_image_make(uint8_t image[MULTIBOOT_IMAGE_SIZE], bool wide)
{
    memset(image, 0, MULTIBOOT_IMAGE_SIZE);
    put_elf(image, wide);
    put_header(image, 24);
    for (uint32_t i = MULTIBOOT_IMAGE_CODE; i < MULTIBOOT_IMAGE_SIZE; i++)
        image[i] = (uint8_t)(i * 7 + i / 255);
}

void multiboot_image_tag(uint8_t *image, uint16_t type, uint16_t flags, const uint32_t *words, uint32_t count)
{
    uint32_t length, size = 8 + 4 * count;
    memcpy(&length, image + MULTIBOOT_IMAGE_HEADER + 8, sizeof length);
    uint32_t at = MULTIBOOT_IMAGE_HEADER + length - 8;
    multiboot_image_put(image, at, type, 2);
    multiboot_image_put(image, at + 2, flags, 2);
    multiboot_image_put(image, at + 4, size, 4);
    if (count != 0)
        memcpy(image + at + 8, words, 4 * (size_t)count);
    put_header(image, length + ((size + 7) & ~7u));
}

void multiboot_image_version1(uint8_t *image, uint32_t flags, const uint32_t *words, uint32_t count)
{
    const uint32_t head[] = {0x1badb002, flags, -(0x1badb002 + flags)};
    memset(image + MULTIBOOT_IMAGE_HEADER, 0, 256);
    memcpy(image + MULTIBOOT_IMAGE_HEADER, head, sizeof head);
    if (count != 0)
        memcpy(image + MULTIBOOT_IMAGE_HEADER + sizeof head, words, 4 * (size_t)count);
}
