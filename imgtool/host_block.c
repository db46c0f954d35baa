#include "host_block.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum status read_file(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    int fd = (int)(intptr_t)block->context;
    uint8_t *target = to;
    while (size > 0) {
        ssize_t done = pread(fd, target, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_set(error, STATUS_READ_ERROR, "byte %lu: %s", offset, strerror(errno));
        if (done == 0)
            return error_set(error, STATUS_DISK_SHORT, "the file ends at byte %lu", offset);
        target += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return STATUS_OK;
}

void host_block_init(struct block *block, int fd, uint64_t size, uint32_t sector_size)
{
    *block =
        (struct block){.read = read_file, .size = size, .sector_size = sector_size, .context = (void *)(intptr_t)fd};
}
