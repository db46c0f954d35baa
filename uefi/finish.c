/* uefi-finish IN OUT LIMIT: the last step of building a UEFI application. Sets what objcopy can't in the PE header,
 * makes the file independent of the time it was built, and refuses an image that strict firmware would not run: every
 * section on pages of its own, none both writable and executable. PE format specification, revision 11. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 4096u
#define FILE_MAX (16u << 20)

/* Offsets from the PE signature. */
#define PE_MACHINE 4
#define PE_SECTION_COUNT 6
#define PE_TIMESTAMP 8
#define PE_OPTIONAL_SIZE 20
#define PE_OPTIONAL 24
/* Offsets in the optional header of PE32+. */
#define OPTIONAL_ENTRY 16
#define OPTIONAL_SECTION_ALIGNMENT 32
#define OPTIONAL_CHECKSUM 64
#define OPTIONAL_SUBSYSTEM 68
#define OPTIONAL_DLL_CHARACTERISTICS 70
#define OPTIONAL_SIZE_MIN 112
/* Offsets in a section header. */
#define SECTION_VIRTUAL_SIZE 8
#define SECTION_ADDRESS 12
#define SECTION_RAW_SIZE 16
#define SECTION_RAW_OFFSET 20
#define SECTION_FLAGS 36
#define SECTION_HEADER_SIZE 40

#define MACHINE_X86_64 0x8664u
#define MAGIC_PE32_PLUS 0x20bu
#define SUBSYSTEM_EFI_APPLICATION 10u
#define DLL_DYNAMIC_BASE 0x40u /* may be loaded anywhere */
#define DLL_NX_COMPAT 0x100u   /* runs with data pages that can't be executed */
#define FLAG_EXECUTE 0x20000000u
#define FLAG_WRITE 0x80000000u

struct image {
    uint8_t *bytes;
    size_t size;
    size_t header;   /* offset of the PE signature */
    size_t sections; /* offset of the first section header */
    unsigned section_count;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "uefi-finish: %s\n", what);
    exit(1);
}

static uint32_t get(const struct image *image, size_t offset, unsigned bytes)
{
    uint32_t value = 0;
    if (offset > image->size || image->size - offset < bytes)
        fail("the file ends within its headers");
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)image->bytes[offset + i] << 8 * i;
    return value;
}

static void put(struct image *image, size_t offset, unsigned bytes, uint32_t value)
{
    get(image, offset, bytes);
    for (unsigned i = 0; i < bytes; i++)
        image->bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static void find_headers(struct image *image)
{
    image->header = get(image, 60, 4);
    const size_t optional = image->header + PE_OPTIONAL;
    const uint32_t optional_size = get(image, image->header + PE_OPTIONAL_SIZE, 2);
    if (get(image, 0, 2) != 0x5a4d || get(image, image->header, 4) != 0x4550 ||
        get(image, image->header + PE_MACHINE, 2) != MACHINE_X86_64 || get(image, optional, 2) != MAGIC_PE32_PLUS ||
        optional_size < OPTIONAL_SIZE_MIN)
        fail("not a PE32+ file for x86_64");
    if (get(image, optional + OPTIONAL_SUBSYSTEM, 2) != SUBSYSTEM_EFI_APPLICATION)
        fail("not an EFI application");
    image->section_count = get(image, image->header + PE_SECTION_COUNT, 2);
    image->sections = optional + optional_size;
}

static void check_sections(const struct image *image)
{
    const size_t optional = image->header + PE_OPTIONAL;
    const uint32_t entry = get(image, optional + OPTIONAL_ENTRY, 4);
    uint32_t free_address = PAGE; /* after the headers */
    bool entry_found = false;
    if (get(image, optional + OPTIONAL_SECTION_ALIGNMENT, 4) != PAGE)
        fail("the section alignment is not 4096");
    for (unsigned i = 0; i < image->section_count; i++) {
        const size_t section = image->sections + i * SECTION_HEADER_SIZE;
        const uint32_t address = get(image, section + SECTION_ADDRESS, 4);
        const uint32_t size = get(image, section + SECTION_VIRTUAL_SIZE, 4);
        const uint32_t raw_size = get(image, section + SECTION_RAW_SIZE, 4);
        const uint32_t flags = get(image, section + SECTION_FLAGS, 4);
        if ((flags & FLAG_EXECUTE) != 0 && (flags & FLAG_WRITE) != 0)
            fail("a section is writable and executable");
        if (address % PAGE != 0 || address < free_address)
            fail("a section doesn't start on a page of its own");
        if (raw_size > 0 && get(image, section + SECTION_RAW_OFFSET, 4) + (uint64_t)raw_size > image->size)
            fail("a section lies outside the file");
        free_address = address + size;
        entry_found |= (flags & FLAG_EXECUTE) != 0 && entry >= address && entry - address < size;
    }
    if (!entry_found)
        fail("the entry point is not in an executable section");
}

/* The checksum of PE files: a 16-bit sum with end-around carry, the field itself taken as 0, plus the length. */
static uint32_t checksum(const struct image *image)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < image->size; i += 2) {
        sum += get(image, i, image->size - i < 2 ? 1 : 2);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum + (uint32_t)image->size;
}

static void finish(struct image *image)
{
    const size_t optional = image->header + PE_OPTIONAL;
    put(image, image->header + PE_TIMESTAMP, 4, 0);
    put(image, optional + OPTIONAL_DLL_CHARACTERISTICS, 2, DLL_DYNAMIC_BASE | DLL_NX_COMPAT);
    put(image, optional + OPTIONAL_CHECKSUM, 4, 0);
    put(image, optional + OPTIONAL_CHECKSUM, 4, checksum(image));
}

static void read_file(const char *path, struct image *image)
{
    FILE *file = fopen(path, "rb");
    image->bytes = malloc(FILE_MAX);
    if (file == NULL || image->bytes == NULL)
        fail("the input can't be read");
    image->size = fread(image->bytes, 1, FILE_MAX, file);
    if (ferror(file) || image->size == FILE_MAX)
        fail("the input can't be read");
    fclose(file);
}

static void write_file(const char *path, const struct image *image)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(image->bytes, 1, image->size, file) != image->size || fclose(file) != 0)
        fail("the output can't be written");
}

int main(int argc, char **argv)
{
    struct image image = {0};
    if (argc != 4)
        fail("usage: uefi-finish IN OUT LIMIT");
    const unsigned long limit = strtoul(argv[3], NULL, 10);
    read_file(argv[1], &image);
    find_headers(&image);
    check_sections(&image);
    finish(&image);
    printf("%s: %zu of %lu bytes\n", argv[2], image.size, limit);
    if (image.size > limit)
        fail("the application is larger than its limit: look for what grew with `size` and `nm --size-sort`");
    write_file(argv[2], &image);
    free(image.bytes);
    return 0;
}
