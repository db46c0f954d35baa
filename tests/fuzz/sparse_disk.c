#include "sparse_disk.h"

#include "checked.h"
#include "fuzz.h"

void sparse_disk_read(const struct sparse_disk *disk, uint64_t offset, uint64_t size, uint8_t *to)
{
    memset(to, 0, size);
    for (size_t i = 0; i < disk->count; i++) {
        const struct sparse_piece *piece = &disk->pieces[i];
        uint64_t start = piece->offset > offset ? piece->offset : offset;
        uint64_t piece_end = piece->offset + piece->size, end = piece_end < offset + size ? piece_end : offset + size;
        if (start < end)
            memcpy(to + (start - offset), piece->data + (start - piece->offset), end - start);
    }
}

static enum status read_disk(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct sparse_disk *disk = block->context;
    (void)error;
    FUZZ_ASSERT(size > 0 && range_ok(offset, size, block->size));
    disk->reads++;
    sparse_disk_read(disk, offset, size, to);
    return STATUS_OK;
}

void sparse_disk_init(struct sparse_disk *disk, const uint8_t *data, size_t size)
{
    size_t at = 1;
    memset(disk, 0, sizeof *disk);
    disk->block = (struct block){.read = read_disk, .size = SPARSE_DISK_SIZE, .sector_size = 512, .context = disk};
    if (size > 0)
        disk->block.sector_size = 512u << (data[0] & 3);
    while (disk->count < SPARSE_PIECES_MAX && at + 6 <= size) {
        uint32_t sector;
        uint16_t length;
        memcpy(&sector, data + at, sizeof sector);
        memcpy(&length, data + at + 4, sizeof length);
        at += 6;
        if (length > size - at)
            length = (uint16_t)(size - at);
        disk->pieces[disk->count++] = (struct sparse_piece){(uint64_t)sector * 512, length, data + at};
        at += length;
    }
}
