#include "kernel_load.h"

#include "address_plan.h"
#include "checked.h"
#include "memory.h"

#define GROUP_GAP_MAX 4096u          /* bytes between two segments that are read for nothing */
#define GROUP_MOVED_MAX (1ull << 20) /* bytes that are copied to save a read */

static uint64_t block_alignment(const struct elf_block *block)
{
    return block->size >= SIZE_1G ? SIZE_1G : block->size >= SIZE_2M ? SIZE_2M : PAGE_SIZE;
}

/* What the blocks from `index` on need at most, wherever they lie. */
static uint64_t blocks_room(const struct elf_plan *elf, uint32_t index)
{
    uint64_t room = 0;
    for (uint32_t i = index; i < elf->block_count; i++)
        if (!add_ok(room, elf->blocks[i].size, &room) || !add_ok(room, block_alignment(&elf->blocks[i]), &room))
            return UINT64_MAX;
    return room;
}

enum status kernel_take_frames(const struct elf_plan *elf, uint64_t bias, struct random *random, uint64_t spare,
                               struct frames *frames, struct kernel_image *image, struct error *error)
{
    image->memory.plan = elf;
    for (uint32_t i = 0; i < elf->block_count; i++) {
        const struct elf_block *block = &elf->blocks[i];
        uint64_t alignment = block_alignment(block);
        struct frames_wish wish = {
            .pages = block->size / PAGE_SIZE,
            .alignment = alignment,
            .offset = (block->address + bias) & (alignment - 1),
            .prefers = true,
            .random = random,
            .type = BOOT_MEMORY_KERNEL,
            .what = "kernel",
        };
        if (!add_ok(spare, blocks_room(elf, i + 1), &wish.spare))
            wish.spare = UINT64_MAX;
        enum status status = frames_take(frames, &wish, &image->block_phys[i], error);
        if (status != STATUS_OK)
            return status;
        image->memory.blocks[i] = firmware_map(image->block_phys[i], block->size);
    }
    return STATUS_OK;
}

/* Whole pages for something that the kernel gets beside its segments; what is behind `size` is zero. */
static enum status take_extra(uint64_t size, uint32_t type, const char *what, struct frames *frames, uint64_t *phys,
                              struct error *error)
{
    enum status status = frames_take_pages(frames, size, 0, type, what, phys, error);
    uint64_t bytes = address_pages_size(0, size);
    if (status == STATUS_OK)
        memset((uint8_t *)firmware_map(*phys, bytes) + size, 0, bytes - size);
    return status;
}

enum status kernel_keep_file(struct boot_file *file, uint32_t type, struct frames *frames, struct kernel_image *image,
                             struct error *error)
{
    enum status status = take_extra(file->size, type, "kernel file", frames, &image->file_phys, error);
    image->file_size = file->size;
    return status != STATUS_OK ? status
                               : boot_file_read(file, 0, file->size, firmware_map(image->file_phys, file->size), error);
}

enum status kernel_load_symbols(const struct elf_symbols *symbols, struct boot_file *file, struct frames *frames,
                                struct kernel_image *image, struct error *error)
{
    uint64_t size = elf_symbols_size(symbols);
    if (size == 0)
        return STATUS_OK;
    enum status status = take_extra(size, BOOT_MEMORY_KERNEL, "symbols", frames, &image->symbols_phys, error);
    if (status != STATUS_OK)
        return status;
    uint8_t *to = firmware_map(image->symbols_phys, size);
    to[size - 1] = 0;
    status = boot_file_read(file, symbols->table.address, symbols->table.size, to, error);
    if (status == STATUS_OK && symbols->names.size != 0)
        status = boot_file_read(file, symbols->names.address, symbols->names.size, to + symbols->table.size, error);
    return status;
}

/* The block that holds `address`: blocks are sorted, and every address asked for is inside one. */
static uint32_t block_of(const struct elf_plan *elf, uint64_t address)
{
    uint32_t i = 0;
    while (i + 1 < elf->block_count && elf->blocks[i + 1].address <= address)
        i++;
    return i;
}

uint64_t kernel_phys(const struct elf_plan *elf, const struct kernel_image *image, uint64_t address)
{
    uint32_t i = block_of(elf, address);
    return image->block_phys[i] + (address - elf->blocks[i].address);
}

/* Zeroes from `*done` to `address` (both inside or at the end of the block) and moves on. */
static void zero_until(uint8_t *bytes, uint64_t *done, uint64_t offset)
{
    if (offset > *done)
        memset(bytes + *done, 0, offset - *done);
    *done = offset;
}

static enum status read_bytes(const struct kernel_image *image, struct boot_file *file, uint64_t offset, uint64_t size,
                              uint8_t *to, struct error *error)
{
    if (image->file_phys == 0)
        return boot_file_read(file, offset, size, to, error);
    memcpy(to, (const uint8_t *)firmware_map(image->file_phys, image->file_size) + offset, size);
    return STATUS_OK;
}

/* The end of the segments from `first` on, in one block, that one read can bring: they follow each other in the file,
 * and as far apart in memory or farther. Of those that lie farther few bytes are left to be moved up. Linkers write
 * most kernels so, and firmware walks the whole chain of clusters again for each read behind a large one. */
static uint32_t group_end(const struct elf_plan *elf, uint32_t first, uint32_t block)
{
    const struct elf_segment *start = &elf->segments[first];
    uint64_t end = start->file_offset + start->file_size, moved = 0;
    uint32_t i = first + 1;
    for (; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if (segment->file_size == 0 || block_of(elf, segment->address) != block || segment->file_offset < end ||
            segment->file_offset - end > GROUP_GAP_MAX)
            break;
        uint64_t in_file = segment->file_offset - start->file_offset, in_memory = segment->address - start->address;
        moved += in_memory == in_file ? 0 : segment->file_size;
        if (in_memory < in_file || moved > GROUP_MOVED_MAX)
            break;
        end = segment->file_offset + segment->file_size;
    }
    return i;
}

/* Reads the segments [first, end) at once to where the first one lies, and moves the others to their places, the last
 * one first: none of them covers what is still to be moved. */
static enum status read_group(const struct elf_plan *elf, uint32_t first, uint32_t end, struct boot_file *file,
                              const struct kernel_image *image, uint8_t *to, struct error *error)
{
    const struct elf_segment *start = &elf->segments[first], *last = &elf->segments[end - 1];
    uint64_t size = last->file_offset + last->file_size - start->file_offset;
    enum status status = read_bytes(image, file, start->file_offset, size, to, error);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = end; --i > first;) {
        const struct elf_segment *segment = &elf->segments[i];
        uint8_t *place = to + (segment->address - start->address);
        const uint8_t *now = to + (segment->file_offset - start->file_offset);
        if (place != now)
            memmove(place, now, segment->file_size);
    }
    return STATUS_OK;
}

static enum status read_block(const struct elf_plan *elf, uint32_t index, struct boot_file *file,
                              const struct kernel_image *image, struct error *error)
{
    uint8_t *bytes = image->memory.blocks[index];
    const struct elf_block *block = &elf->blocks[index];
    uint64_t done = 0;
    for (uint32_t i = 0; i < elf->segment_count;) {
        const struct elf_segment *segment = &elf->segments[i];
        if (segment->file_size == 0 || block_of(elf, segment->address) != index) {
            i++;
            continue;
        }
        uint32_t end = group_end(elf, i, index);
        enum status status = read_group(elf, i, end, file, image, bytes + (segment->address - block->address), error);
        if (status != STATUS_OK)
            return status;
        for (; i < end; i++) {
            uint64_t offset = elf->segments[i].address - block->address;
            zero_until(bytes, &done, offset);
            done = offset + elf->segments[i].file_size;
        }
    }
    zero_until(bytes, &done, block->size);
    return STATUS_OK;
}

enum status kernel_read_segments(const struct elf_plan *elf, struct boot_file *file, struct kernel_image *image,
                                 struct error *error)
{
    for (uint32_t i = 0; i < elf->block_count; i++) {
        enum status status = read_block(elf, i, file, image, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
