#include "zstd_decoder.h"

#include "elf_plan.h"
#include "firmware.h"
#include "medium.h"
#include "memory.h"
#include "scratch.h"

#define SIZE_LIMIT (1u << 20) /* of the file, and of what it becomes */

struct loading { /* too big for the stack, and needed once */
    struct elf_plan plan;
    uint8_t head[ELF_HEAD_SIZE];
};

static enum status no_decoder(struct error *error, const char *what)
{
    return error_set(error, STATUS_NO_DECODER, "%s, the decoder of zstd, %s", ZSTD_DECODER_PATH, what);
}

static enum status read_plan(const struct file_source *file, struct loading *loading, struct error *error)
{
    struct elf_plan *plan = &loading->plan;
    struct span span = {loading->head, file->size < sizeof loading->head ? file->size : sizeof loading->head};
    enum status status = file->read(file->context, 0, span.size, loading->head, error);
    uint64_t needed = 0;
    if (status == STATUS_OK)
        status = elf_headers_size(span, file->size, &needed, error);
    if (status == STATUS_OK && needed > span.size)
        status = no_decoder(error, "has its headers elsewhere");
    if (status == STATUS_OK)
        status = elf_plan_make(span, file->size, false, plan, error);
    if (status == STATUS_OK && (!plan->relocatable || plan->highest - plan->lowest > SIZE_LIMIT))
        status = no_decoder(error, "is another program");
    return status;
}

static enum status take_memory(const struct elf_plan *plan, struct frames *frames, uint64_t *phys, uint8_t **memory,
                               struct error *error)
{
    struct frames_wish wish = {.pages = (plan->highest - plan->lowest) / PAGE_SIZE,
                               .alignment = plan->alignment,
                               .below = 4 * SIZE_1G,
                               .type = BOOT_MEMORY_USABLE,
                               .what = "decoder of zstd"};
    enum status status = frames_take(frames, &wish, phys, error);
    if (status == STATUS_OK)
        *memory = firmware_map(*phys, wish.pages * PAGE_SIZE);
    return status;
}

static enum status read_segments(const struct elf_plan *plan, const struct file_source *file, uint8_t *memory,
                                 struct error *error)
{
    memset(memory, 0, plan->highest - plan->lowest);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < plan->segment_count && status == STATUS_OK; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if (segment->file_size > 0)
            status = file->read(file->context, segment->file_offset, segment->file_size,
                                memory + (segment->address - plan->lowest), error);
    }
    return status;
}

/* It runs where the loader has it, at the address that the loader knows that memory by. */
static enum status relocate(const struct elf_plan *plan, uint8_t *memory, struct error *error)
{
    struct elf_memory view = {.plan = plan};
    uint64_t count;
    for (uint32_t i = 0; i < plan->block_count; i++)
        view.blocks[i] = memory + (plan->blocks[i].address - plan->lowest);
    return elf_relocate(&view, (uintptr_t)memory - plan->lowest, &count, error);
}

static enum status allow_execution(const struct elf_plan *plan, uint64_t phys, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < plan->run_count && status == STATUS_OK; i++)
        if ((plan->runs[i].rights & ELF_X) != 0)
            status = firmware_allow_execution(phys + (plan->runs[i].address - plan->lowest), plan->runs[i].size, error);
    return status;
}

static uintptr_t entry;

static bool decode_frame(void *context, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    (void)context;
    return zstd_decoder_call(entry, from, from_size, to, to_size);
}

enum status zstd_decoder_load(struct frames *frames, struct unpacker *unpacker, struct error *error)
{
    struct firmware_file file;
    uint64_t phys;
    uint8_t *memory;
    void *scratch;
    enum status status = firmware_open(ZSTD_DECODER_PATH, &file, error);
    if (status == STATUS_FILE_NOT_FOUND)
        return no_decoder(error, "is not on the volume: copy it there from another image");
    if (status == STATUS_OK && (file.size == 0 || file.size > SIZE_LIMIT))
        return no_decoder(error, "is another file");
    if (status == STATUS_OK)
        status = scratch_take(frames, sizeof(struct loading), "decoder's headers", &scratch, error);
    if (status != STATUS_OK)
        return status;
    struct loading *loading = scratch;
    const struct elf_plan *plan = &loading->plan;
    struct file_source source = medium_source(&file, ZSTD_DECODER_PATH);
    status = medium_keep(frames, &source, error);
    if (status == STATUS_OK)
        status = read_plan(&source, loading, error);
    if (status == STATUS_OK)
        status = take_memory(plan, frames, &phys, &memory, error);
    if (status == STATUS_OK)
        status = read_segments(plan, &source, memory, error);
    if (status == STATUS_OK)
        status = relocate(plan, memory, error);
    if (status == STATUS_OK)
        status = allow_execution(plan, phys, error);
    if (status != STATUS_OK)
        return status == STATUS_NO_DECODER ? status : error_prefix(error, ZSTD_DECODER_PATH);
    entry = (uintptr_t)memory + (plan->entry - plan->lowest);
    unpacker->zstd = decode_frame;
    return STATUS_OK;
}
