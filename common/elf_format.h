/* The parts of the ELF64 file format (System V gABI, chapters 4 and 5; x86-64 psABI 1.0) that kernels are made of.
 * All structures are copied out of the file: nothing here is ever pointed at untrusted bytes. */
#ifndef STAGECOACH_ELF_FORMAT_H
#define STAGECOACH_ELF_FORMAT_H

#include <stdint.h>

struct elf_file_header {
    uint8_t magic[4];
    uint8_t class, data, ident_version, os_abi, abi_version, padding[7];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};
_Static_assert(sizeof(struct elf_file_header) == 64, "gABI, figure 4-3");

#define ELF_MAGIC_WORD 0x464c457fu /* "\x7f" "ELF", little endian */
#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE_ENDIAN 1
#define ELF_VERSION_CURRENT 1
#define ELF_MACHINE_X86_64 62
#define ELF_TYPE_EXEC 2
#define ELF_TYPE_DYN 3
#define ELF_PN_XNUM 0xffff /* the true count is in section header 0 */

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical_address, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "gABI, figure 5-1");

#define ELF_PT_LOAD 1u
#define ELF_PT_DYNAMIC 2u
#define ELF_PT_INTERP 3u
#define ELF_PT_NOTE 4u
#define ELF_PT_TLS 7u
#define ELF_PT_GNU_RELRO 0x6474e552u

struct elf_section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t alignment, entry_size;
};
_Static_assert(sizeof(struct elf_section_header) == 64, "gABI, figure 4-8");

#define ELF_SHT_PROGBITS 1u
#define ELF_SHT_SYMTAB 2u
#define ELF_SHT_STRTAB 3u

struct elf_note_header {
    uint32_t name_size, descriptor_size, type;
};

struct elf_dynamic {
    uint64_t tag, value;
};

#define ELF_DT_NULL 0u
#define ELF_DT_NEEDED 1u
#define ELF_DT_PLTRELSZ 2u
#define ELF_DT_SYMTAB 6u
#define ELF_DT_RELA 7u
#define ELF_DT_RELASZ 8u
#define ELF_DT_RELAENT 9u
#define ELF_DT_SYMENT 11u
#define ELF_DT_REL 17u
#define ELF_DT_PLTREL 20u
#define ELF_DT_JMPREL 23u
#define ELF_DT_RELRSZ 35u
#define ELF_DT_RELR 36u
#define ELF_DT_RELRENT 37u
#define ELF_DT_ANDROID_REL 0x6000000fu
#define ELF_DT_ANDROID_RELA 0x60000011u
#define ELF_DT_ANDROID_RELR 0x6fffe000u

struct elf_symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};
_Static_assert(sizeof(struct elf_symbol) == 24, "gABI, figure 4-16");

#define ELF_SHN_UNDEF 0
#define ELF_SHN_ABS 0xfff1
#define ELF_SHN_COMMON 0xfff2
#define ELF_STB_WEAK 2
#define ELF_STT_TLS 6
#define ELF_STT_GNU_IFUNC 10

struct elf_rela {
    uint64_t offset;
    uint32_t type, symbol; /* the low and the high half of r_info */
    uint64_t addend;       /* signed; used modulo 2^64 */
};
_Static_assert(sizeof(struct elf_rela) == 24, "gABI, figure 4-21");

#define ELF_R_NONE 0u
#define ELF_R_64 1u
#define ELF_R_GLOB_DAT 6u
#define ELF_R_JUMP_SLOT 7u
#define ELF_R_RELATIVE 8u

#endif
