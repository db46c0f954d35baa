#include "fault_disk.h"

#include <errno.h>
#include <string.h>

static struct fault_disk *of(const struct block_target *target)
{
    return target->context;
}

/* Notes the call; what it is to fail with, or 0. */
static int enter(struct fault_disk *disk, char kind, uint64_t offset)
{
    int number = (int)disk->call_count;
    if (disk->call_count < FAULT_DISK_CALLS) {
        disk->calls[disk->call_count] = kind;
        disk->offsets[disk->call_count] = offset;
        disk->call_count++;
    }
    if (disk->interrupted && number % 2 == 0)
        return -EINTR;
    if (disk->shrinks_at >= 0 && number >= disk->shrinks_at)
        return -ENODEV;
    return number == disk->fail_at ? -disk->error : 0;
}

static uint64_t moved(const struct fault_disk *disk, uint64_t offset, uint64_t size)
{
    uint64_t rest = offset < FAULT_DISK_SIZE ? FAULT_DISK_SIZE - offset : 0, count = size < rest ? size : rest;
    return disk->most != 0 && count > disk->most ? disk->most : count;
}

static int64_t write_bytes(struct block_target *target, uint64_t offset, const void *from, uint64_t size)
{
    struct fault_disk *disk = of(target);
    int result = enter(disk, 'W', offset);
    if (result != 0)
        return result;
    uint64_t count = moved(disk, offset, size);
    memcpy(disk->cache + offset, from, count);
    return (int64_t)count;
}

static int64_t read_bytes(struct block_target *target, uint64_t offset, void *to, uint64_t size)
{
    struct fault_disk *disk = of(target);
    int result = enter(disk, 'R', offset);
    if (result != 0)
        return result;
    uint64_t count = moved(disk, offset, size);
    memcpy(to, disk->medium + offset, count);
    if (disk->lies_at >= (int64_t)offset && disk->lies_at < (int64_t)(offset + count))
        ((uint8_t *)to)[disk->lies_at - (int64_t)offset] ^= 1;
    return (int64_t)count;
}

static int flush(struct block_target *target)
{
    struct fault_disk *disk = of(target);
    int result = enter(disk, 'F', 0);
    if (result == 0)
        memcpy(disk->medium, disk->cache, sizeof disk->medium);
    return result;
}

static int64_t size_now(struct block_target *target)
{
    const struct fault_disk *disk = of(target);
    return disk->shrinks_at >= 0 && (int)disk->call_count >= disk->shrinks_at ? 0 : disk->size;
}

void fault_disk_init(struct fault_disk *disk)
{
    *disk = (struct fault_disk){
        .target = {.write = write_bytes, .read = read_bytes, .flush = flush, .size = size_now, .name = "disk"},
        .fail_at = -1,
        .lies_at = -1,
        .shrinks_at = -1,
        .size = FAULT_DISK_SIZE,
    };
    disk->target.context = disk;
}
