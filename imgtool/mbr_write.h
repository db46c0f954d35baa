/* The first sector of an image: boot code, and a partition table, a protective one in front of a GPT. */
#ifndef STAGECOACH_IMGTOOL_MBR_WRITE_H
#define STAGECOACH_IMGTOOL_MBR_WRITE_H

#include "boot_code.h"
#include "image_write.h"

/* A sector's cylinder, head and sector in the geometry that all assume: 255 heads, 63 sectors. */
void mbr_put_chs(uint8_t chs[3], uint64_t lba);

enum exit_code mbr_write(const struct image_plan *plan, const uint8_t code[BIOS_STAGE1_SIZE], int fd, const char *to);

#endif
