/* A Linux setup header of any bytes, in a file of any size: an accepted plan keeps what the loader relies on. */
#include "fuzz.h"

#include "protocol/linux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct linux_plan plan;
    struct error error;
    uint64_t file_size = size;
    if (size < 8)
        return 0;
    if (data[0] & 1) /* as long as the header says, or about that */
        memcpy(&file_size, data, sizeof file_size);
    file_size = file_size < size ? size : file_size;
    const struct span head = {data, size};
    if (!linux_detect(head))
        return 0;
    enum status status = linux_plan_read(head, file_size, &plan, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    FUZZ_ASSERT(range_ok(plan.code_offset, plan.code_size, file_size) && plan.code_size > LINUX_ENTRY_64 - 16);
    FUZZ_ASSERT(plan.code_size <= plan.memory_size && plan.memory_size < 4 * SIZE_1G);
    FUZZ_ASSERT(is_power_of_two(plan.alignment) && plan.alignment >= PAGE_SIZE);
    FUZZ_ASSERT(is_aligned(plan.preferred, plan.alignment) && plan.preferred >= 1u << 20);
    FUZZ_ASSERT(plan.preferred + plan.memory_size > plan.preferred);
    FUZZ_ASSERT(plan.header_size <= LINUX_HEADER_MAX && LINUX_HEADER_OFFSET + plan.header_size <= size);
    return 0;
}
