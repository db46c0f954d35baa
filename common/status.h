/* Every way in which the loader, or imgtool, can refuse or fail: one list, from which the enumeration and the check of
 * docs/errors.md, which has the texts for users, are made. The number is what BOOT-ERR prints; numbers are never
 * reused.
 *
 *   1xx the machine   2xx disk and file system   3xx configuration   4xx kernel file   5xx the kernel's wishes
 *   6xx memory and addresses   7xx modules, ramdisk   8xx network   9xx our own bugs
 *
 * S(name, number, what it means; whose fault: U the user's input, M the machine, B our bug)
 */
#ifndef STAGECOACH_STATUS_H
#define STAGECOACH_STATUS_H

#define STATUS_LIST(S)                                                                                                 \
    S(OK, 0, "success")                                                                                                \
    /* 1xx */                                                                                                          \
    S(NO_LONG_MODE, 101, "the CPU has no 64-bit mode")                                                                 \
    S(NO_EDD, 102, "the BIOS has no EDD disk services")                                                                \
    S(NO_A20, 103, "address line A20 can't be switched on")                                                            \
    S(NO_MEMORY_MAP, 104, "the firmware gives no memory map")                                                          \
    S(LEAVE_REFUSED, 105, "the firmware refuses to end its boot services")                                             \
    S(NO_BOOT_VOLUME, 106, "the volume that the loader was started from can't be opened")                              \
    S(CPU_FEATURE, 107, "the CPU lacks a feature that the kernel needs")                                               \
    S(FIRMWARE_CALL, 108, "a firmware service failed")                                                                 \
    S(STARTER_INFO, 110, "the loader or VMM that started us tells what can't be")                                      \
    S(NEEDS_EFI, 111, "the program can be started by UEFI alone")                                                      \
    S(PROGRAM_REFUSED, 112, "the firmware does not start the program")                                                 \
    S(PROGRAM_RETURNED, 113, "the program that was started came back")                                                 \
    /* 2xx */                                                                                                          \
    S(READ_ERROR, 201, "the boot medium can't be read")                                                                \
    S(DISK_SHORT, 202, "the disk ends before the data that its tables describe")                                       \
    S(GPT_BAD, 203, "neither the primary nor the backup GPT is valid")                                                 \
    S(MBR_BAD, 204, "the master boot record is not valid")                                                             \
    S(NO_PARTITION, 205, "no partition with a usable FAT file system")                                                 \
    S(FAT_BAD, 206, "the FAT file system is not valid")                                                                \
    S(FAT_CHAIN, 207, "a FAT cluster chain is damaged")                                                                \
    S(FILE_NOT_FOUND, 208, "no such file")                                                                             \
    S(NOT_A_FILE, 209, "the path names a directory")                                                                   \
    S(FILE_SHORT, 210, "the file ends before the data that was to be read")                                            \
    S(PATH_BAD, 211, "the path is not valid")                                                                          \
    S(SECTOR_SIZE, 212, "the disk's sector size is not supported")                                                     \
    S(LOADER_DAMAGED, 213, "the loader's own stages are damaged on disk")                                              \
    S(ARCHIVE_BAD, 214, "the archive with kernel and files is damaged")                                                \
    /* 3xx */                                                                                                          \
    S(CONFIG_SYNTAX, 301, "the configuration has a syntax error")                                                      \
    S(CONFIG_VALUE, 302, "a value in the configuration is not allowed")                                                \
    S(CONFIG_TOO_BIG, 303, "the configuration file is too big")                                                        \
    S(CONFIG_ENCODING, 304, "the configuration is not plain UTF-8 text")                                               \
    S(CONFIG_DUPLICATE, 305, "a key appears twice in the configuration")                                               \
    S(CONFIG_LIMIT, 306, "the configuration has more entries than the loader takes")                                   \
    /* 4xx */                                                                                                          \
    S(ELF_TRUNCATED, 401, "the kernel file is shorter than its headers say")                                           \
    S(ELF_MAGIC, 402, "the kernel is not an ELF file")                                                                 \
    S(ELF_CLASS, 403, "the kernel is not a little-endian 64-bit ELF file")                                             \
    S(ELF_MACHINE, 404, "the kernel is not for x86_64")                                                                \
    S(ELF_TYPE, 405, "the kernel is neither ET_EXEC nor ET_DYN")                                                       \
    S(ELF_VERSION, 406, "the kernel's ELF version is unknown")                                                         \
    S(ELF_HEADERS, 407, "the kernel's program header table is not valid")                                              \
    S(ELF_NO_SEGMENT, 408, "the kernel has nothing to load")                                                           \
    S(ELF_TOO_MANY, 409, "the kernel has too many segments")                                                           \
    S(ELF_SEGMENT, 410, "a segment's file range or size is not valid")                                                 \
    S(ELF_ALIGN, 411, "a segment's alignment is not valid")                                                            \
    S(ELF_ADDRESS, 412, "a segment's address range is not valid")                                                      \
    S(ELF_OVERLAP, 413, "two segments overlap")                                                                        \
    S(ELF_WX, 414, "memory would be writable and executable")                                                          \
    S(ELF_ENTRY, 415, "the entry point is not in an executable segment")                                               \
    S(ELF_INTERP, 416, "the kernel wants a dynamic linker")                                                            \
    S(ELF_DYNAMIC, 417, "the kernel's dynamic section is not valid")                                                   \
    S(ELF_RELOCATION, 418, "a relocation is not valid")                                                                \
    S(ELF_RELOCATION_TYPE, 419, "a relocation has a type that kernels can't use")                                      \
    S(ELF_SYMBOL, 420, "a relocation names an undefined or invalid symbol")                                            \
    S(ELF_TLS, 421, "the kernel's TLS segment is not valid")                                                           \
    S(ELF_RELRO, 422, "the kernel's GNU_RELRO range is not valid")                                                     \
    S(ELF_NOTE, 423, "a note of the kernel is not valid")                                                              \
    S(ELF_SECTIONS, 424, "the kernel's symbol table is not valid")                                                     \
    S(LINUX_HEADER, 430, "the Linux kernel's setup header is not valid")                                               \
    S(LINUX_ENTRY, 431, "the Linux kernel has no 64-bit entry")                                                        \
    S(LINUX_TRUNCATED, 432, "the Linux kernel is shorter than its setup header says")                                  \
    S(EFI_PROGRAM, 433, "the file is no UEFI application for x86_64")                                                  \
    S(MULTIBOOT_KERNEL, 434, "the Multiboot kernel's headers are not valid")                                           \
    S(MULTIBOOT_DEMAND, 435, "the Multiboot kernel demands what this loader does not have")                            \
    /* 5xx */                                                                                                          \
    S(NO_PROTOCOL, 501, "the kernel speaks no boot protocol that the loader knows")                                    \
    S(WISH_VERSION, 502, "the kernel's boot_config has an unknown version")                                            \
    S(WISH_SIZE, 503, "the kernel's boot_config has an impossible size")                                               \
    S(WISH_VALUE, 504, "a field of the kernel's boot_config is not allowed")                                           \
    S(COMMAND_LINE, 505, "the command line is longer than the kernel takes")                                           \
    /* 6xx */                                                                                                          \
    S(OUT_OF_MEMORY, 601, "there is not enough free memory")                                                           \
    S(ADDRESS_COLLISION, 602, "two fixed virtual addresses collide")                                                   \
    S(ADDRESS_EXHAUSTED, 603, "no free virtual addresses are left in the dynamic range")                               \
    S(MAP_TOO_BIG, 604, "the firmware's memory map is too big")                                                        \
    S(ADDRESS_INVALID, 605, "a virtual address range is not canonical or not of whole pages")                          \
    S(PLACE_RESERVED, 606, "the kernel was linked for memory that this machine does not have free")                    \
    /* 7xx */                                                                                                          \
    S(MODULE_MISSING, 701, "a ramdisk or module can't be opened")                                                      \
    S(FILE_EMPTY, 702, "a file that must have content is empty")                                                       \
    S(PACKED_BAD, 703, "a compressed file is damaged")                                                                 \
    S(NO_DECODER, 704, "the decoder of a compressed file is not there")                                                \
    /* 8xx */                                                                                                          \
    S(TRANSFER_FAILED, 801, "a transfer from the boot server failed")                                                  \
    S(FILE_REFUSED, 802, "the boot server refuses access to a file")                                                   \
    S(NO_ANSWER, 803, "the boot server does not answer")                                                               \
    /* 9xx */                                                                                                          \
    S(INTERNAL, 901, "the loader has a bug")                                                                           \
    S(BUSY, 902, "memory was taken by the firmware meanwhile")                                                         \
    S(KERNEL_FAULT, 903, "the kernel caused an exception before it had an interrupt table of its own")

enum status {
#define STATUS_ENUM(name, number, text) STATUS_##name = (number),
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

/* What the user can do about it, where that is the same whatever the cause; "" where the error's own text says it. */
const char *status_remedy(enum status status);

#endif
