/* A kernel file of any bytes through kernel_plan_read(): reads stay inside the file and few, an accepted plan is valid.
 */
#include "fuzz.h"

#include "kernel_plan.h"
#include "support/elf_valid.h"

struct memory_file {
    struct span bytes;
    unsigned reads;
};

static enum status read_memory(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct memory_file *file = context;
    (void)error;
    FUZZ_ASSERT(size > 0 && size <= KERNEL_HEAD_MAX);
    FUZZ_ASSERT(offset <= file->bytes.size && size <= file->bytes.size - offset);
    file->reads++;
    memcpy(to, file->bytes.data + offset, size);
    return STATUS_OK;
}

static void check_wish(const struct wish *wish, uint64_t alignment)
{
    FUZZ_ASSERT(wish->kind == WISH_NOWHERE || wish->kind == WISH_ANYWHERE || wish->kind == WISH_FIXED);
    if (wish->kind != WISH_FIXED)
        return;
    FUZZ_ASSERT(wish->address % alignment == 0);
    FUZZ_ASSERT(wish->address < 1ull << 47 || wish->address >= -(1ull << 47));
}

static void check_plan(const struct kernel_plan *plan)
{
    check_wish(&plan->stack, 4096);
    check_wish(&plan->base, 4096);
    check_wish(&plan->boot_info, 4096);
    check_wish(&plan->framebuffer, 4096);
    check_wish(&plan->physical_memory, 2 << 20);
    check_wish(&plan->recursive, 1ull << 39);
    check_wish(&plan->ramdisk, 4096);
    check_wish(&plan->symbols, 4096);
    check_wish(&plan->file, 4096);
    FUZZ_ASSERT(plan->stack.kind != WISH_NOWHERE && plan->boot_info.kind != WISH_NOWHERE);
    FUZZ_ASSERT(plan->base.kind != WISH_NOWHERE);
    FUZZ_ASSERT(plan->stack_size > 0 && plan->stack_size <= 1 << 30 && plan->stack_size % 4096 == 0);
    FUZZ_ASSERT(plan->dynamic_start < plan->dynamic_end);
    FUZZ_ASSERT((plan->dynamic_start | plan->dynamic_end) % 4096 == 0);
    if (plan->base.kind == WISH_FIXED)
        FUZZ_ASSERT((plan->base.address - plan->elf.lowest) % plan->elf.alignment == 0);
}

/* What will be read, and stored with one NUL more. */
static void check_symbols(const struct kernel_plan *plan, uint64_t size)
{
    const struct elf_range *table = &plan->symbol_ranges.table, *names = &plan->symbol_ranges.names;
    FUZZ_ASSERT(table->size <= size && table->address <= size - table->size && table->size % 24 == 0);
    FUZZ_ASSERT(names->size <= size && names->address <= size - names->size);
    FUZZ_ASSERT(plan->symbols.kind != WISH_NOWHERE || table->size + names->size == 0);
    FUZZ_ASSERT(plan->file_size == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kernel_plan plan;
    struct error error;
    struct memory_file file = {.bytes = {.data = data, .size = size}};
    const struct file_source source = {.read = read_memory, .context = &file, .size = size, .name = "/kernel.elf"};
    enum status status = kernel_plan_read(&source, &plan, &error);
    FUZZ_ASSERT(file.reads <= 3 + ELF_NOTES_MAX + 2 + size / KERNEL_HEAD_MAX);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    if (!kernel_has_wishes(&plan))
        return 0; /* fuzz_linux.c looks at such plans */
    FUZZ_ASSERT(elf_valid(&plan.elf, file.bytes, true) == NULL);
    check_plan(&plan);
    check_symbols(&plan, size);
    return 0;
}
