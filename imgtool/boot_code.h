/* What a BIOS runs of an image first: stage 1 with what it must know, or a sentence in its place. */
#ifndef STAGECOACH_IMGTOOL_BOOT_CODE_H
#define STAGECOACH_IMGTOOL_BOOT_CODE_H

#include "../bios/image_format.h"
#include "ids.h"
#include "layout.h"

/* `code`: the first bytes of a boot sector; [BIOS_STAGE1_GAP_START, BIOS_STAGE1_GAP_END) are free for a parameter
 * block. */
enum exit_code boot_code_make(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE]);

/* The same for what a BIOS loads from a CD; nothing of it is free. */
enum exit_code boot_code_make_cd(const struct layout *layout, const struct ids *ids, uint8_t code[BIOS_STAGE1_SIZE]);

#endif
