/* The bytes of a .bootloader-config section: what is accepted are wishes that the native protocol's check can judge. */
#include "fuzz.h"

#include "protocol/bootloader_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kernel_plan plan;
    struct boot_config config;
    struct error error;
    const struct span section = {.data = data, .size = size};
    enum status status = bootloader_api_read(section, &config, &plan.api, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    FUZZ_ASSERT(size == 115 || size == 124 || size == 133);
    FUZZ_ASSERT(config.size == sizeof config && config.version == BOOT_PROTOCOL_VERSION);
    FUZZ_ASSERT((config.flags & ~BOOT_CONFIG_ASLR) == 0);
    FUZZ_ASSERT(plan.api.major == 0 && plan.api.minor == 11 && plan.api.patch <= 16);
    FUZZ_ASSERT(plan.api.stack_size != 0 && plan.api.stack_size == config.kernel_stack_size);
    FUZZ_ASSERT(config.dynamic_range_start != 0 && config.dynamic_range_end != 0);

    plan.elf = (struct elf_plan){.relocatable = true, .lowest = 0x1000, .highest = 0x205000, .alignment = 0x1000};
    status = kernel_wishes_check(&config, &plan, &error);
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    else
        FUZZ_ASSERT(plan.dynamic_start < plan.dynamic_end && plan.stack_size >= plan.api.stack_size);
    return 0;
}
