/* What a BIOS runs of an image first: stage 1 with what it must know, or a sentence in its place. */
#ifndef STAGECOACH_IMGTOOL_BOOT_CODE_H
#define STAGECOACH_IMGTOOL_BOOT_CODE_H

#include "../bios/image_format.h"
#include "block.h"
#include "ids.h"
#include "layout.h"

/* `code`: the first bytes of a boot sector; [BIOS_STAGE1_GAP_START, BIOS_STAGE1_GAP_END) are free for a parameter
 * block. */
enum exit_code boot_code_make(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE]);

/* The same for what a BIOS loads from a CD; nothing of it is free. */
enum exit_code boot_code_make_cd(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE]);

/* Whose boot code it is: the one place where that is decided. */
enum boot_code_kind {
    BOOT_CODE_NONE,      /* zeroes */
    BOOT_CODE_FOREIGN,   /* another loader's */
    BOOT_CODE_UEFI_ONLY, /* our sentence of an image without the BIOS loader */
    BOOT_CODE_BROKEN,    /* ours, of whichever version, but it names no stages, or those of another image */
    BOOT_CODE_STAGES,    /* ours, and names stages of ours, of whichever version; whole or not */
};

struct boot_code {
    enum boot_code_kind kind;
    struct bios_stage1_patch patch;   /* as it is found, of every kind */
    struct bios_stages_header header; /* BOOT_CODE_STAGES: of the stages that it names */
};

/* Looks at the boot code that begins `offset` bytes into the disk. Only what can't be read there is an error; stages
 * that can't be read are none. */
enum status boot_code_read(struct block *disk, uint64_t offset, struct boot_code *code, struct error *error);

/* Is it ours, in a state in which it may be replaced by a newer one? */
bool boot_code_starts_bios(const struct boot_code *code);

#endif
