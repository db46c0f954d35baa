#include "memory_disk.h"

#include <string.h>

static enum status read_memory(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct memory_disk *disk = block->context;
    disk->reads++;
    disk->bytes_read += size;
    if (size > disk->largest)
        disk->largest = size;
    if (offset < disk->fail_end && disk->fail_start < offset + size)
        return error_set(error, STATUS_READ_ERROR, "byte %lu", offset);
    memcpy(to, disk->bytes + offset, size);
    return STATUS_OK;
}

void memory_disk_init(struct memory_disk *disk, void *bytes, uint64_t size, uint32_t sector_size)
{
    *disk = (struct memory_disk){
        .block = {.read = read_memory, .size = size, .sector_size = sector_size, .context = disk}, .bytes = bytes};
}
