#include "kernel_check.h"

#include "address_plan.h"
#include "cli.h"
#include "kernel_plan.h"

#include <string.h>
#include <sys/mman.h>

/* What the parts that the machine decides have at least; with less memory or a smaller screen there is no machine. */
#define BOOT_INFO_SIZE (64u * 1024)
#define HANDOFF_SIZE (2u * 4096)
#define FRAMEBUFFER_PHYS 0xe0000000u
#define FRAMEBUFFER_SIZE (640u * 480 * 4)
#define WINDOW_SIZE (4ull << 30)
#define KERNEL_MEMORY_MAX (1ull << 46) /* more than any machine of today has */

static enum status read_kernel(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct host_file *file = context;
    if (host_file_read(file, offset, size, to) == EXIT_OK)
        return STATUS_OK;
    return error_set(error, STATUS_READ_ERROR, "%s can't be read", file->path);
}

/* Memory for each block, taken only where it is written. */
static enum status map_blocks(struct elf_memory *memory, struct error *error)
{
    const struct elf_plan *elf = memory->plan;
    uint64_t total = 0;
    for (uint32_t i = 0; i < elf->block_count; i++) {
        total += elf->blocks[i].size;
        void *bytes = MAP_FAILED;
        if (total <= KERNEL_MEMORY_MAX && elf->blocks[i].size <= KERNEL_MEMORY_MAX)
            bytes = mmap(NULL, elf->blocks[i].size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1, 0);
        if (bytes == MAP_FAILED)
            return error_set(error, STATUS_OUT_OF_MEMORY, "the segment at %#lx needs %lu MiB of memory",
                             elf->blocks[i].address, elf->blocks[i].size >> 20);
        memory->blocks[i] = bytes;
    }
    return STATUS_OK;
}

static void unmap_blocks(struct elf_memory *memory)
{
    for (uint32_t i = 0; i < memory->plan->block_count; i++)
        if (memory->blocks[i] != NULL)
            munmap(memory->blocks[i], memory->plan->blocks[i].size);
}

static enum status read_segments(const struct file_source *source, const struct elf_memory *memory, struct error *error)
{
    for (uint32_t i = 0; i < memory->plan->segment_count; i++) {
        const struct elf_segment *segment = &memory->plan->segments[i];
        void *to = elf_memory_at(memory, segment->address, segment->file_size);
        if (segment->file_size == 0)
            continue;
        if (to == NULL)
            return error_set(error, STATUS_INTERNAL, "segment %u lies in no block", i);
        enum status status = source->read(source->context, segment->file_offset, segment->file_size, to, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The relocations, on a copy that is thrown away. A kernel without a dynamic section has none. */
static enum status relocate(const struct file_source *source, const struct elf_plan *elf, uint64_t bias,
                            uint64_t *count, struct error *error)
{
    struct elf_memory memory = {.plan = elf};
    *count = 0;
    enum status status = map_blocks(&memory, error);
    if (status == STATUS_OK && elf->dynamic.size != 0) {
        status = read_segments(source, &memory, error);
        if (status == STATUS_OK)
            status = elf_relocate(&memory, bias, count, error);
    }
    unmap_blocks(&memory);
    return status;
}

static enum status plan_addresses(const struct kernel_check *check, const struct kernel_plan *kernel,
                                  struct address_plan *addresses, struct error *error)
{
    struct address_needs needs = {
        .kernel = kernel,
        .boot_info_size = BOOT_INFO_SIZE,
        .handoff_size = HANDOFF_SIZE,
        .framebuffer_phys = check->config->video_off ? 0 : FRAMEBUFFER_PHYS,
        .framebuffer_size = check->config->video_off ? 0 : FRAMEBUFFER_SIZE,
        .ramdisk_size = check->ramdisk_size,
        .module_count = check->config->module_count,
        .window_size = WINDOW_SIZE,
    };
    for (uint32_t i = 0; i < needs.module_count; i++)
        needs.module_sizes[i] = check->module_sizes[i];
    return address_plan_make(&needs, addresses, error);
}

enum status kernel_check_source(const struct kernel_check *check, const struct file_source *source,
                                struct kernel_plan *plan, struct error *error)
{
    static struct address_plan addresses; /* several KiB */
    const struct config *config = check->config;
    uint64_t count;
    enum kernel_way way;
    enum status status = kernel_plan_read(source, plan, error);
    if (status != STATUS_OK)
        return status;
    status = kernel_choose_way(plan, config->efi_stub, !check->without_uefi, config->command_line.size, &way, error);
    if (status != STATUS_OK)
        return error_prefix(error, "%s", source->name);
    if (way != KERNEL_BY_PLAN)
        return STATUS_OK;
    status = plan_addresses(check, plan, &addresses, error);
    return status == STATUS_OK ? relocate(source, &plan->elf, addresses.bias, &count, error) : status;
}

static struct file_source source_of(const struct host_file *kernel)
{
    return (struct file_source){read_kernel, (void *)(uintptr_t)kernel, kernel->size, kernel->path};
}

enum status kernel_check_count(const struct host_file *kernel, struct kernel_plan *plan, uint64_t *relocations,
                               struct error *error)
{
    struct file_source source = source_of(kernel);
    enum status status = kernel_plan_read(&source, plan, error);
    *relocations = 0;
    if (!kernel_has_wishes(plan))
        return status;
    return status == STATUS_OK ? relocate(&source, &plan->elf, 0, relocations, error) : status;
}

static uint64_t later(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

uint64_t kernel_check_head(const struct host_file *kernel)
{
    static struct kernel_plan plan; /* several KiB */
    struct error error;
    struct file_source source = source_of(kernel);
    uint64_t end = ELF_HEAD_SIZE;
    if (kernel_plan_read(&source, &plan, &error) != STATUS_OK || plan.protocol != KERNEL_NATIVE ||
        plan.file.kind != WISH_NOWHERE)
        return kernel->size;
    for (uint32_t i = 0; i < plan.elf.segment_count; i++)
        end = later(end, plan.elf.segments[i].file_offset + plan.elf.segments[i].file_size);
    for (uint32_t i = 0; i < plan.elf.note_count; i++)
        end = later(end, plan.elf.note_offset[i] + plan.elf.note_size[i]);
    return end < kernel->size ? end : kernel->size;
}

/* The program that unpacks a file which begins like this; NULL: none that is known. */
static const char *unpacked_by(const struct host_file *file)
{
    static const struct {
        const char *magic, *program;
    } kinds[] = {{"\x1f\x8b", "gunzip"}, {"\xfd\x37zXZ", "unxz"}, {"\x28\xb5\x2f\xfd", "unzstd"}, {"BZh", "bunzip2"}};
    char head[8] = {0};
    if (file->size < sizeof head || host_file_read(file, 0, sizeof head, head) != EXIT_OK)
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (memcmp(head, kinds[i].magic, strlen(kinds[i].magic)) == 0)
            return kinds[i].program;
    return NULL;
}

/* Errors of the file begin with its name, those of addresses don't. */
static enum exit_code refuse(const struct host_file *kernel, const struct error *error)
{
    const char *path = kernel->path, *program = error->status == STATUS_ELF_MAGIC ? unpacked_by(kernel) : NULL;
    if (program != NULL)
        return failure(EXIT_INPUT_REJECTED, "%s: is compressed: unpack it with %s first (error %d)", path, program,
                       (int)error->status);
    bool named = strncmp(error->text, path, strlen(path)) == 0;
    return failure(EXIT_INPUT_REJECTED, "%s%s%s (error %d)", named ? "" : path, named ? "" : ": ", error->text,
                   (int)error->status);
}

enum exit_code kernel_check(const struct kernel_check *check)
{
    static struct kernel_plan plan; /* several KiB */
    struct error error;
    enum kernel_way way;
    struct file_source source = source_of(check->kernel);
    enum status status = kernel_check_source(check, &source, &plan, &error);
    if (status == STATUS_READ_ERROR) /* told already */
        return EXIT_IO;
    if (status != STATUS_OK)
        return refuse(check->kernel, &error);
    if (plan.elf.null_page)
        cli_warn("%s: maps address 0, so that null pointers will not fault", check->kernel->path);
    if (!kernel_takes_modules(&plan) && check->config->module_count != 0)
        cli_warn("%s: modules are left out, this kind of kernel gets ramdisks alone: use --ramdisk",
                 check->kernel->path);
    if (!check->without_bios && kernel_choose_way(&plan, check->config->efi_stub, false, 0, &way, &error) != STATUS_OK)
        cli_warn("%s: only UEFI can start it; the image does not boot under BIOS", check->kernel->path);
    return EXIT_OK;
}
