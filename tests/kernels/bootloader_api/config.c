/* The .bootloader-config section as the Rust crate serialises it: packed, little endian, one byte 0 or 1 before each
 * optional value. API_PATCH is the crate's version 0.11.API_PATCH, which decides the form. */
#include <stdint.h>

struct __attribute__((packed)) mapping {
    uint8_t fixed;
    uint64_t address;
};

struct __attribute__((packed)) optional_mapping {
    uint8_t some;
    struct mapping mapping;
};

struct __attribute__((packed)) option {
    uint8_t some;
    uint64_t value;
};

struct __attribute__((packed)) bootloader_config {
    uint8_t identifier[16];
    uint16_t major, minor, patch;
    uint8_t pre_release;
    uint64_t kernel_stack_size;
    struct mapping kernel_stack;
#if API_PATCH >= 11
    struct mapping kernel_base;
#endif
    struct mapping boot_info, framebuffer;
    struct optional_mapping physical_memory, page_table_recursive;
    uint8_t aslr;
    struct option dynamic_range_start, dynamic_range_end;
#if API_PATCH >= 1
    struct mapping ramdisk_memory;
#endif
    struct option minimum_height, minimum_width;
};
_Static_assert(sizeof(struct bootloader_config) == (API_PATCH >= 11 ? 133 : API_PATCH >= 1 ? 124 : 115), "form");

#define FIXED(value) {1, value}
#define SOME(value) {1, value}
#define SOME_FIXED(value) {1, {1, value}}
#define SOME_DYNAMIC {1, {0, 0}}

__attribute__((used, section(".bootloader-config"))) const struct bootloader_config bootloader_config = {
    .identifier = {0x74, 0x3c, 0xa9, 0x61, 0x09, 0x36, 0x46, 0xa0, 0xbb, 0x55, 0x5c, 0x15, 0x89, 0x15, 0x25, 0x3d},
    .minor = 11,
    .patch = API_PATCH,
    .kernel_stack_size = API_STACK_SIZE,
    API_WISHES};
