/* An open file of the host as a disk for the loader's readers. */
#ifndef STAGECOACH_IMGTOOL_HOST_BLOCK_H
#define STAGECOACH_IMGTOOL_HOST_BLOCK_H

#include "block.h"

/* `fd` must stay open while the block device is used. */
void host_block_init(struct block *block, int fd, uint64_t size, uint32_t sector_size);

#endif
