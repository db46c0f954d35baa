#include "direct_file.h"

#include "../bios/direct/direct_format.h"
#include "elf_format.h"
#include "loader_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cpio's newc format: a magic number, 13 numbers of 8 hexadecimal digits, the name; name and data end on multiples
 * of 4. */
#define HEADER_SIZE 110u
#define ALIGNMENT 4u
#define MODE_FILE 0100644u
#define TRAILER "TRAILER!!!"
#define SIZE_MAX_DIRECT                                                                                                \
    (3ull << 30) /* a machine must have room for the file and for what is made of it, below 4 GiB                      \
                  */

static uint64_t aligned(uint64_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Members have no slash in front, as cpio's own. */
static const char *member_name(const struct image_item *item)
{
    return item->path + strspn(item->path, "/");
}

static uint64_t member_size(const char *name, uint64_t size)
{
    return aligned(HEADER_SIZE + strlen(name) + 1) + aligned(size);
}

static uint64_t archive_size(const struct image_content *content)
{
    uint64_t size = content->count != 0 ? member_size(TRAILER, 0) : 0; /* a bare loader has no archive */
    for (uint32_t i = 0; i < content->count; i++)
        size += member_size(member_name(&content->items[i]), image_item_size(&content->items[i]));
    return size;
}

enum exit_code direct_file_plan(struct direct_plan *plan)
{
    plan->size = loader_direct().size + archive_size(plan->content);
    if (plan->size > SIZE_MAX_DIRECT)
        return failure(
            EXIT_INPUT_REJECTED,
            "the file would have %lu bytes; with more than %llu it can't be loaded below 4 GiB: hand big files "
            "to the machine as modules",
            plan->size, SIZE_MAX_DIRECT);
    return EXIT_OK;
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void patch(uint8_t *loader, const struct direct_plan *plan)
{
    uint8_t *segment = loader + DIRECT_SEGMENT_OFFSET, *multiboot = loader + DIRECT_MULTIBOOT1_OFFSET;
    put(segment + offsetof(struct elf_program_header, file_size), plan->size, 8);
    put(segment + offsetof(struct elf_program_header, memory_size), plan->size, 8);
    put(loader + DIRECT_HEADER_OFFSET + offsetof(struct direct_header, archive_size), plan->size - loader_direct().size,
        8);
    put(multiboot + offsetof(struct direct_multiboot1, load_end), DIRECT_LOAD_ADDRESS + plan->size, 4);
    put(multiboot + offsetof(struct direct_multiboot1, bss_end), DIRECT_LOAD_ADDRESS + plan->size, 4);
    if (plan->pvh)
        put(multiboot + offsetof(struct direct_multiboot1, magic), 0, 4);
}

static enum exit_code write_loader(const struct direct_plan *plan, int fd, const char *to)
{
    struct span loader = loader_direct();
    uint8_t *bytes = malloc(loader.size);
    if (bytes == NULL)
        return failure_memory();
    memcpy(bytes, loader.data, loader.size);
    patch(bytes, plan);
    enum exit_code code = host_write(fd, 0, bytes, loader.size, to);
    free(bytes);
    return code;
}

/* Writes header and name; *offset moves to where the data goes. */
static enum exit_code write_header(const struct direct_plan *plan, const char *name, uint32_t inode, uint64_t size,
                                   uint64_t *offset, int fd, const char *to)
{
    char *header;
    uint32_t mode = inode != 0 ? MODE_FILE : 0, time = inode != 0 ? (uint32_t)plan->time : 0;
    int length = asprintf(&header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", inode, mode, 0, 0, 1,
                          time, (uint32_t)size, 0, 0, 0, 0, (uint32_t)strlen(name) + 1, 0, name);
    if (length < 0)
        return failure_memory();
    enum exit_code code = host_write(fd, *offset, header, (uint64_t)length + 1, to);
    free(header);
    *offset += aligned((uint64_t)length + 1);
    return code;
}

static enum exit_code write_member(const struct direct_plan *plan, uint32_t index, uint64_t *offset, int fd,
                                   const char *to)
{
    const struct image_item *item = &plan->content->items[index];
    uint64_t size = image_item_size(item);
    enum exit_code code = write_header(plan, member_name(item), index + 1, size, offset, fd, to);
    if (code == EXIT_OK && item->bytes.data != NULL)
        code = host_write(fd, *offset, item->bytes.data, size, to);
    else if (code == EXIT_OK)
        code = host_file_copy(&item->file, fd, *offset, to);
    *offset += aligned(size);
    return code;
}

enum exit_code direct_file_write(const struct direct_plan *plan, int fd, const char *to)
{
    uint64_t offset = loader_direct().size;
    enum exit_code code = write_loader(plan, fd, to);
    for (uint32_t i = 0; i < plan->content->count && code == EXIT_OK; i++)
        code = write_member(plan, i, &offset, fd, to);
    return code == EXIT_OK && plan->content->count != 0 ? write_header(plan, TRAILER, 0, 0, &offset, fd, to) : code;
}

bool direct_file_probe(const char *path)
{
    struct direct_header header = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ours = pread(fd, &header, sizeof header, DIRECT_HEADER_OFFSET) == (ssize_t)sizeof header &&
                memcmp(header.magic, DIRECT_MAGIC, sizeof header.magic) == 0 && header.format == DIRECT_FORMAT;
    close(fd);
    return ours;
}
