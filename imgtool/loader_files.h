/* The loader itself, carried inside imgtool. */
#ifndef STAGECOACH_IMGTOOL_LOADER_FILES_H
#define STAGECOACH_IMGTOOL_LOADER_FILES_H

#include "../bios/image_format.h"
#include "span.h"

struct span loader_stage1(void);
struct span loader_cd(void);        /* stage 1 of a CD: the same patch area */
struct span loader_uefi_only(void); /* in the place of stage 1, on disks without the BIOS loader */
struct span loader_stages(void);    /* begins with struct bios_stages_header */
struct span loader_uefi(void);      /* BOOTX64.EFI */
struct span loader_direct(void);    /* direct.bin, bios/direct/direct_format.h */
struct span loader_netboot(void);   /* what lies before the stages in the file for PXE ROMs */
struct span loader_zstd(void);      /* the decoder that common/zstd_decoder.h reads */

/* Fills in how many sectors they take. */
void loader_stages_count(struct bios_stage1_patch *patch);

/* The stages as they lie on a disk of that number. To be freed; NULL: no memory. */
uint8_t *loader_stages_make(uint32_t image_id);

#endif
