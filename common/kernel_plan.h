/* What a kernel file asks for, whatever protocol it speaks: its ELF plan and its wishes with every default filled in. The
 * same for both loaders, imgtool and tests. */
#ifndef STAGECOACH_KERNEL_PLAN_H
#define STAGECOACH_KERNEL_PLAN_H

#include "elf_plan.h"

#include <stagecoach/boot.h>

struct kernel_source { /* where the file's bytes come from */
    /* Reads exactly [offset, offset + size), which lies inside the file. */
    enum status (*read)(void *context, uint64_t offset, uint64_t size, void *to, struct error *error);
    void *context;
    uint64_t size;    /* of the file */
    const char *name; /* for messages */
};

enum wish_kind { WISH_NOWHERE, WISH_ANYWHERE, WISH_FIXED };

struct wish {
    enum wish_kind kind;
    uint64_t address; /* WISH_FIXED: canonical and aligned, checked */
};

enum kernel_protocol { KERNEL_NATIVE };

struct kernel_plan {
    struct elf_plan elf;
    enum kernel_protocol protocol;
    uint64_t stack_size; /* multiple of 4 KiB */
    struct wish stack, base, boot_info, framebuffer, physical_memory, recursive, ramdisk;
    uint64_t dynamic_start, dynamic_end;
    uint32_t minimum_width, minimum_height;
};

#define KERNEL_HEAD_MAX 65536u /* headers and notes that lie further on are read separately, up to this size */

/* Reads headers and notes with as few reads as possible (one of ELF_HEAD_SIZE for an ordinary kernel) and checks all. */
enum status kernel_plan_read(const struct kernel_source *source, struct kernel_plan *plan, struct error *error);

/* The native protocol: descriptor of the note -> wishes. A shorter descriptor (older kernel) leaves defaults; a longer one
 * is accepted if the unknown part is zero, else refused. */
enum status kernel_wishes_native(struct span descriptor, struct kernel_plan *plan, bool *allow_wx, struct error *error);

#endif
