#include "block_cache.h"

#include "checked.h"
#include "memory.h"

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Copies what is kept from `offset` on; returns its length, or 0 and in *gap how many of the bytes from there on are
 * not kept. */
static uint64_t copy_kept(const struct block_cache *cache, uint64_t offset, uint64_t size, void *to, uint64_t *gap)
{
    *gap = size;
    for (uint32_t i = 0; i < BLOCK_CACHE_EXTENTS; i++) {
        const struct block_cache_extent *extent = &cache->extents[i];
        if (offset >= extent->offset && offset - extent->offset < extent->size) {
            uint64_t skip = offset - extent->offset, length = lower(size, extent->size - skip);
            memcpy(to, cache->bytes[i] + skip, length);
            return length;
        }
        if (extent->size != 0 && extent->offset > offset)
            *gap = lower(*gap, extent->offset - offset);
    }
    return 0;
}

/* The end of what may be read ahead from `start` on: the disk's, or where something begins that is kept. */
static uint64_t end_of_new(const struct block_cache *cache, uint64_t start)
{
    uint64_t sector = cache->disk->sector_size, end = align_down(cache->disk->size, sector);
    end = lower(end, start + BLOCK_CACHE_EXTENT_SIZE);
    for (uint32_t i = 0; i < BLOCK_CACHE_EXTENTS; i++) {
        const struct block_cache_extent *extent = &cache->extents[i];
        if (extent->size != 0 && extent->offset > start)
            end = lower(end, extent->offset);
    }
    return end;
}

/* Keeps the sectors around and behind `offset`. A disk that refuses to be read ahead is read by the sectors asked for.
 */
static enum status keep(struct block_cache *cache, uint64_t offset, uint64_t size, struct error *error)
{
    struct block *disk = cache->disk;
    uint64_t start = align_down(offset, disk->sector_size), end = end_of_new(cache, start);
    struct block_cache_extent *extent = &cache->extents[cache->next];
    uint8_t *bytes = cache->bytes[cache->next];
    extent->size = 0;
    enum status status = disk->read(disk, start, end - start, bytes, error);
    if (status != STATUS_OK) {
        end = align_down(offset + size - 1, disk->sector_size) + disk->sector_size;
        end = lower(end, start + BLOCK_CACHE_EXTENT_SIZE);
        status = disk->read(disk, start, end - start, bytes, error);
    }
    if (status != STATUS_OK)
        return status;
    *extent = (struct block_cache_extent){start, end - start};
    cache->next = (cache->next + 1) % BLOCK_CACHE_EXTENTS;
    return STATUS_OK;
}

static enum status cache_read(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct block_cache *cache = block->context;
    struct block *disk = cache->disk;
    uint8_t *out = to;
    while (size > 0) {
        uint64_t gap, done = copy_kept(cache, offset, size, out, &gap);
        enum status status = STATUS_OK;
        if (done == 0 && gap >= BLOCK_CACHE_EXTENT_SIZE) {
            done = gap;
            status = disk->read(disk, offset, done, out, error);
        } else if (done == 0) {
            status = keep(cache, offset, gap, error);
        }
        if (status != STATUS_OK)
            return status;
        offset += done;
        out += done;
        size -= done;
    }
    return STATUS_OK;
}

void block_cache_init(struct block_cache *cache, struct block *disk)
{
    cache->disk = disk;
    cache->next = 0;
    cache->block = (struct block){cache_read, disk->size, disk->sector_size, cache};
    for (uint32_t i = 0; i < BLOCK_CACHE_EXTENTS; i++)
        cache->extents[i].size = 0;
}
