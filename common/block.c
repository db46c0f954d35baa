#include "block.h"

#include "checked.h"

enum status block_read(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    if (size == 0)
        return STATUS_OK;
    if (!range_ok(offset, size, block->size))
        return error_set(error, STATUS_DISK_SHORT, "%lu bytes at byte %lu lie past the end of the disk (%lu bytes)",
                         size, offset, block->size);
    return block->read(block, offset, size, to, error);
}
