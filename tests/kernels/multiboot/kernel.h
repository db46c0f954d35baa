/* A Multiboot kernel that checks what it is given: shared by its files. 32-bit code. */
#ifndef MULTIBOOT_KERNEL_H
#define MULTIBOOT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry_state { /* start.asm knows it */
    uint32_t eax, ebx, eflags, cr0, cr4, cs, ds, es, fs, gs, ss;
    uint32_t boot_services; /* entered beneath UEFI, whose boot services worked and were left by the kernel */
    uint32_t moved;         /* from the link address */
};

struct module {
    uint32_t start, end;
    const char *text;
};

struct range {
    uint64_t start, size;
    uint32_t type;
};

#define MODULES_MAX 80u
#define RANGES_MAX 400u

struct screen {
    uint64_t phys;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint8_t colours[6];
} __attribute__((packed));

struct apm { /* APM 1.2, of the connection for 32-bit code */
    uint16_t version, code_segment;
    uint32_t entry;
    uint16_t code16_segment, data_segment, flags, code_size, code16_size, data_size;
};

struct facts { /* what both versions tell; a pointer that is NULL, or a number that is 0: not told */
    uint32_t version;
    uint32_t info_start, info_end; /* version 1: of the structure alone */
    const char *command_line, *loader;
    uint32_t module_count, range_count;
    struct module modules[MODULES_MAX];
    struct range ranges[RANGES_MAX];
    bool has_basic, has_screen, has_boot_device, has_load_base;
    uint32_t lower, upper, boot_device, load_base;
    struct screen screen;
    const uint8_t *vbe_controller, *vbe_mode;
    const uint8_t *sections;
    uint32_t section_count, section_size, section_names;
    const uint8_t *rsdp_old, *rsdp_new, *smbios[2];
    uint32_t rsdp_new_size, smbios_count;
    uint64_t efi_system_table, efi_image;
    const uint8_t *efi_map;
    uint32_t efi_map_size, efi_step;
    bool boot_services;
    const uint8_t *dhcp_ack;
    uint32_t dhcp_ack_size;
    const uint8_t *apm;
    const uint8_t *drives;
    uint32_t drives_size, configuration;
    uint32_t tags; /* bits of all that came */
};

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

/* Prints like printf, with %s %u %x alone; 64-bit numbers as %X. */
void say(const char *format, ...);

/* Notes a failure, and says what. */
void check(bool right, const char *what);
extern uint32_t failures;

void read_version1(uint32_t address, struct facts *facts);
void read_version2(uint32_t address, struct facts *facts);
void check_entry(const struct entry_state *state);
void check_bios(const struct facts *facts);
void check_facts(const struct facts *facts, const struct entry_state *state);

static inline uint32_t load32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t load64(const uint8_t *at)
{
    return load32(at) | (uint64_t)load32(at + 4) << 32;
}

static inline const uint8_t *at(uint32_t address)
{
    return (const uint8_t *)address;
}

#endif
