/* A file of any bytes: planned, judged by the second opinion, loaded and relocated. e_flags, which the planner does not
 * look at, says whether W and X may meet. */
#include "fuzz.h"

#include "elf_plan.h"
#include "support/elf_valid.h"

#define MEMORY_MAX (1u << 20)

static bool make_plan(struct span file, struct elf_plan *plan, bool *allow_wx)
{
    struct error error;
    uint64_t size;
    struct span head = {.data = file.data, .size = file.size < ELF_HEAD_SIZE ? file.size : ELF_HEAD_SIZE};
    *allow_wx = file.size > 48 && (file.data[48] & 1) != 0;
    enum status status = elf_headers_size(head, file.size, &size, &error);
    if (status == STATUS_OK) {
        FUZZ_ASSERT(size <= file.size);
        head.size = size;
        status = elf_plan_make(head, file.size, *allow_wx, plan, &error);
    }
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    return status == STATUS_OK;
}

static void load_and_relocate(struct span file, const struct elf_plan *plan)
{
    struct elf_memory memory = {.plan = plan};
    uint64_t total = 0, count;
    for (uint32_t i = 0; i < plan->block_count; i++) {
        if (plan->blocks[i].size > MEMORY_MAX - total)
            return;
        total += plan->blocks[i].size;
    }
    for (uint32_t i = 0; i < plan->block_count; i++)
        memory.blocks[i] = calloc(1, plan->blocks[i].size);
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        memcpy(elf_memory_at(&memory, segment->address, segment->memory_size), file.data + segment->file_offset,
               segment->file_size);
    }
    struct error error;
    enum status status = elf_relocate(&memory, 0xffffffff81230000, &count, &error);
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    for (uint32_t i = 0; i < plan->block_count; i++)
        free(memory.blocks[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct elf_plan plan;
    const struct span file = {.data = data, .size = size};
    bool allow_wx;
    if (!make_plan(file, &plan, &allow_wx))
        return 0;
    const char *wrong = elf_valid(&plan, file, allow_wx);
    if (wrong != NULL)
        fprintf(stderr, "accepted a plan with a wrong %s\n", wrong);
    FUZZ_ASSERT(wrong == NULL);
    load_and_relocate(file, &plan);
    return 0;
}
