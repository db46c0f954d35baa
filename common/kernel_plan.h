/* What a kernel file asks for, whatever protocol it speaks: its ELF plan and its wishes with every default filled in.
 * The same for both loaders, imgtool and tests. */
#ifndef STAGECOACH_KERNEL_PLAN_H
#define STAGECOACH_KERNEL_PLAN_H

#include "elf_plan.h"
#include "elf_symbols.h"
#include "file_source.h"
#include "protocol/linux.h"
#include "protocol/multiboot.h"

#include <stagecoach/boot.h>

enum wish_kind { WISH_NOWHERE, WISH_ANYWHERE, WISH_FIXED };

struct wish {
    enum wish_kind kind;
    uint64_t address; /* WISH_FIXED: canonical and aligned, checked */
};

enum kernel_protocol { KERNEL_NATIVE, KERNEL_BOOTLOADER_API, KERNEL_LINUX, KERNEL_MULTIBOOT, KERNEL_EFI_PROGRAM };

/* Who loads the kernel and starts it. */
enum kernel_way {
    KERNEL_BY_PLAN,  /* the loader, into an address space of its own: ELF files */
    KERNEL_BY_LINUX, /* the loader, by the Linux boot protocol */
    KERNEL_BY_MULTIBOOT,
    KERNEL_BY_FIRMWARE /* the firmware, which it is a program of */
};

struct kernel_api_version { /* of the crate that a bootloader_api kernel was built against */
    uint16_t major, minor, patch;
    bool pre_release;
    uint64_t stack_size; /* as asked for, not rounded */
};

struct kernel_plan {
    struct elf_plan elf;
    enum kernel_protocol protocol;
    struct kernel_api_version api;   /* KERNEL_BOOTLOADER_API only */
    struct linux_plan linux_plan;    /* KERNEL_LINUX only; such a kernel has no wishes, and no ELF plan either */
    struct multiboot_plan multiboot; /* KERNEL_MULTIBOOT only; likewise */
    uint64_t stack_size;             /* multiple of 4 KiB */
    uint64_t stack_top;              /* of those, the bytes below the first frame: multiple of 16 */
    struct wish stack, base, boot_info, framebuffer, physical_memory, recursive, ramdisk, symbols, file;
    struct elf_symbols symbol_ranges; /* sizes 0: not asked for, or none there */
    uint64_t file_size;
    uint64_t dynamic_start, dynamic_end;
    uint32_t minimum_width, minimum_height;
    bool aslr;
};

#define KERNEL_HEAD_MAX 32768u /* headers and notes that lie further on are read separately, up to this size */

/* Reads headers and notes with as few reads as possible (one of ELF_HEAD_SIZE for an ordinary kernel) and checks all.
 */
enum status kernel_plan_read(const struct file_source *source, struct kernel_plan *plan, struct error *error);

/* How it can be started by a firmware that starts programs of its own, or doesn't, with a command line of that size.
 * efi_stub: as a program of UEFI, or not at all. */
enum status kernel_choose_way(const struct kernel_plan *plan, bool efi_stub, bool starts_programs,
                              uint32_t command_line_size, enum kernel_way *way, struct error *error);

/* The native protocol: descriptor of the note -> wishes. A shorter descriptor (older kernel) leaves defaults; a longer
 * one is accepted if the unknown part is zero, else refused. */
enum status kernel_wishes_native(struct span descriptor, struct kernel_plan *plan, bool *allow_wx, struct error *error);

/* The rest of the native protocol, for wishes that came in another form: checks every field and fills in the defaults.
 */
enum status kernel_wishes_check(const struct boot_config *config, struct kernel_plan *plan, struct error *error);

/* It is an ELF file that asks for this and that. */
static inline bool kernel_has_wishes(const struct kernel_plan *plan)
{
    return plan->protocol == KERNEL_NATIVE || plan->protocol == KERNEL_BOOTLOADER_API;
}

/* It gets modules besides a ramdisk. */
static inline bool kernel_takes_modules(const struct kernel_plan *plan)
{
    return kernel_has_wishes(plan) || plan->protocol == KERNEL_MULTIBOOT;
}

/* "Stagecoach", "bootloader_api 0.11.16", "Linux x86 boot protocol 2.15", "Multiboot2": for messages; `size` bytes of
 * `out`, 32 are enough. */
void kernel_protocol_name(const struct kernel_plan *plan, char *out, size_t size);

#endif
