#include "kernel_plan.h"

#include "format.h"
#include "memory.h"

#define LOWER_HALF_END 0x0000800000000000ull
#define UPPER_HALF_START 0xffff800000000000ull
#define DEFAULT_STACK_SIZE 65536u
#define DEFAULT_RANGE_START UPPER_HALF_START
#define DEFAULT_RANGE_END 0xffffffffffe00000ull
#define SLOT_SIZE (512 * SIZE_1G) /* what one entry of the topmost table maps */

static unsigned long long long_of(uint64_t value)
{
    return value;
}

static enum status refuse(struct error *error, const char *field, uint64_t value, const char *rule)
{
    return error_set(error, STATUS_WISH_VALUE, "boot_config.%s is %#llx, but %s", field, long_of(value), rule);
}

static bool is_canonical(uint64_t address)
{
    return address < LOWER_HALF_END || address >= UPPER_HALF_START;
}

/* [address, address + size), size > 0, inside the lower or the upper half. */
static bool inside_one_half(uint64_t address, uint64_t size)
{
    uint64_t last;
    return add_ok(address, size - 1, &last) && (last < LOWER_HALF_END || address >= UPPER_HALF_START);
}

struct field {
    const char *name;
    uint64_t value;
    enum wish_kind standard; /* what BOOT_DEFAULT means */
    uint64_t alignment;
    const char *alignment_rule;
    bool nowhere_allowed;
};

static enum status take_wish(const struct field *field, struct wish *wish, struct error *error)
{
    *wish = (struct wish){.kind = field->standard};
    switch (field->value) {
    case BOOT_DEFAULT:
        return STATUS_OK;
    case BOOT_ANYWHERE:
        wish->kind = WISH_ANYWHERE;
        return STATUS_OK;
    case BOOT_NOWHERE:
        if (!field->nowhere_allowed)
            return refuse(error, field->name, field->value, "this can't be BOOT_NOWHERE: the kernel could not start");
        wish->kind = WISH_NOWHERE;
        return STATUS_OK;
    default:
        break;
    }
    if (!is_canonical(field->value))
        return refuse(error, field->name, field->value,
                      "no x86_64 address: use one up to 0x7fffffffffff, or from 0xffff800000000000 on");
    if (!is_aligned(field->value, field->alignment))
        return refuse(error, field->name, field->value, field->alignment_rule);
    *wish = (struct wish){.kind = WISH_FIXED, .address = field->value};
    return STATUS_OK;
}

static enum status take_addresses(const struct boot_config *config, struct kernel_plan *plan, struct error *error)
{
    static const char page[] = "an address must be a multiple of 4 KiB";
    static const char large_page[] = "the window must be a multiple of 2 MiB";
    static const char slot[] = "a recursive mapping must be a multiple of 512 GiB";
    const struct {
        struct field field;
        struct wish *wish;
    } fields[] = {
        {{"kernel_stack", config->kernel_stack, WISH_ANYWHERE, PAGE_SIZE, page, false}, &plan->stack},
        {{"kernel_base", config->kernel_base, WISH_ANYWHERE, PAGE_SIZE, page, false}, &plan->base},
        {{"boot_info", config->boot_info, WISH_ANYWHERE, PAGE_SIZE, page, false}, &plan->boot_info},
        {{"framebuffer", config->framebuffer, WISH_ANYWHERE, PAGE_SIZE, page, true}, &plan->framebuffer},
        {{"physical_memory", config->physical_memory, WISH_NOWHERE, SIZE_2M, large_page, true}, &plan->physical_memory},
        {{"page_table_recursive", config->page_table_recursive, WISH_NOWHERE, SLOT_SIZE, slot, true}, &plan->recursive},
        {{"ramdisk", config->ramdisk, WISH_ANYWHERE, PAGE_SIZE, page, true}, &plan->ramdisk},
        {{"kernel_symbols", config->kernel_symbols, WISH_NOWHERE, PAGE_SIZE, page, true}, &plan->symbols},
        {{"kernel_file", config->kernel_file, WISH_NOWHERE, PAGE_SIZE, page, true}, &plan->file},
    };
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
        enum status status = take_wish(&fields[i].field, fields[i].wish, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_stack_size(uint64_t wished, struct kernel_plan *plan, struct error *error)
{
    if (wished > SIZE_1G)
        return refuse(error, "kernel_stack_size", wished, "a stack has at most 1 GiB (0x40000000)");
    plan->stack_size = wished == 0 ? DEFAULT_STACK_SIZE : align_down(wished + (PAGE_SIZE - 1), PAGE_SIZE);
    plan->stack_top = plan->stack_size;
    if (plan->stack.kind == WISH_FIXED && !inside_one_half(plan->stack.address, plan->stack_size))
        return refuse(error, "kernel_stack", plan->stack.address,
                      "the stack would leave its half of the address space");
    return STATUS_OK;
}

/* A bias must keep every segment's alignment; an ET_EXEC has none and lies where it was linked. */
static enum status check_base(struct kernel_plan *plan, struct error *error)
{
    const struct elf_plan *elf = &plan->elf;
    if (!elf->relocatable) {
        if (plan->base.kind == WISH_FIXED)
            return refuse(
                error, "kernel_base", plan->base.address,
                "the kernel is not position independent (ET_EXEC); link it with -static-pie or drop the wish");
        plan->base = (struct wish){.kind = WISH_FIXED, .address = elf->lowest};
        return STATUS_OK;
    }
    if (plan->base.kind != WISH_FIXED)
        return STATUS_OK;
    if (!is_aligned(plan->base.address - elf->lowest, elf->alignment))
        return error_set(
            error, STATUS_WISH_VALUE,
            "boot_config.kernel_base is %#llx, but the kernel's alignment allows only %#llx plus multiples "
            "of %#llx",
            long_of(plan->base.address), long_of(elf->lowest & (elf->alignment - 1)), long_of(elf->alignment));
    if (!inside_one_half(plan->base.address, elf->highest - elf->lowest))
        return refuse(error, "kernel_base", plan->base.address, "the kernel would leave its half of the address space");
    return STATUS_OK;
}

static enum status take_range(const struct boot_config *config, struct kernel_plan *plan, struct error *error)
{
    uint64_t start = config->dynamic_range_start != 0 ? config->dynamic_range_start : DEFAULT_RANGE_START;
    uint64_t end = config->dynamic_range_end != 0 ? config->dynamic_range_end : DEFAULT_RANGE_END;
    if (!is_aligned(start, PAGE_SIZE))
        return refuse(error, "dynamic_range_start", start, "it must be a multiple of 4 KiB");
    if (!is_aligned(end, PAGE_SIZE))
        return refuse(error, "dynamic_range_end", end, "it must be a multiple of 4 KiB");
    if (start >= end || !inside_one_half(start, end - start))
        return error_set(error, STATUS_WISH_VALUE,
                         "boot_config.dynamic_range_start is %#llx and dynamic_range_end %#llx, but the start must be "
                         "below the end, both in the same half of the address space",
                         long_of(start), long_of(end));
    plan->dynamic_start = start;
    plan->dynamic_end = end;
    return STATUS_OK;
}

static enum status check_size(struct span descriptor, uint32_t size, struct error *error)
{
    if (size != descriptor.size || size % 8 != 0)
        return error_set(error, STATUS_WISH_SIZE, "boot_config.size is %u in a note of %llu bytes; use BOOT_CONFIG()",
                         size, (unsigned long long)descriptor.size);
    for (uint64_t i = sizeof(struct boot_config); i < descriptor.size; i++)
        if (descriptor.data[i] != 0)
            return error_set(error, STATUS_WISH_SIZE,
                             "boot_config has %u bytes, this loader knows %u, and byte %llu asks for something newer; "
                             "use a newer Stagecoach",
                             size, (unsigned)sizeof(struct boot_config), long_of(i));
    return STATUS_OK;
}

static enum status copy_config(struct span descriptor, struct boot_config *config, struct error *error)
{
    uint32_t size, version;
    if (!span_u32(descriptor, offsetof(struct boot_config, size), &size) ||
        !span_u32(descriptor, offsetof(struct boot_config, version), &version))
        return error_set(error, STATUS_WISH_SIZE, "the Stagecoach note has only %llu bytes; use BOOT_CONFIG()",
                         (unsigned long long)descriptor.size);
    if (version != BOOT_PROTOCOL_VERSION)
        return error_set(error, STATUS_WISH_VERSION,
                         "speaks version %u of the boot protocol, but this loader only version %u", version,
                         BOOT_PROTOCOL_VERSION);
    enum status status = check_size(descriptor, size, error);
    if (status != STATUS_OK)
        return status;
    *config = (struct boot_config){0};
    memcpy(config, descriptor.data, size < sizeof *config ? size : sizeof *config);
    return STATUS_OK;
}

enum status kernel_wishes_check(const struct boot_config *config, struct kernel_plan *plan, struct error *error)
{
    if ((config->flags & ~(BOOT_CONFIG_ALLOW_WX | BOOT_CONFIG_ASLR)) != 0)
        return refuse(error, "flags", config->flags,
                      "only BOOT_CONFIG_ALLOW_WX (0x1) and BOOT_CONFIG_ASLR (0x2) are known");

    enum status status = take_addresses(config, plan, error);
    if (status == STATUS_OK)
        status = take_stack_size(config->kernel_stack_size, plan, error);
    if (status == STATUS_OK)
        status = check_base(plan, error);
    if (status == STATUS_OK)
        status = take_range(config, plan, error);
    if (status != STATUS_OK)
        return status;
    plan->aslr = (config->flags & BOOT_CONFIG_ASLR) != 0;
    plan->minimum_width = config->minimum_framebuffer_width;
    plan->minimum_height = config->minimum_framebuffer_height;
    return STATUS_OK;
}

enum status kernel_wishes_native(struct span descriptor, struct kernel_plan *plan, bool *allow_wx, struct error *error)
{
    struct boot_config config;
    enum status status = copy_config(descriptor, &config, error);
    if (status == STATUS_OK)
        status = kernel_wishes_check(&config, plan, error);
    if (status != STATUS_OK)
        return status;
    plan->protocol = KERNEL_NATIVE;
    *allow_wx = (config.flags & BOOT_CONFIG_ALLOW_WX) != 0;
    return STATUS_OK;
}

void kernel_protocol_name(const struct kernel_plan *plan, char *out, size_t size)
{
    const struct kernel_api_version *api = &plan->api;
    if (plan->protocol == KERNEL_BOOTLOADER_API)
        format(out, size, "bootloader_api %u.%u.%u", api->major, api->minor, api->patch);
    else if (plan->protocol == KERNEL_LINUX)
        linux_name(&plan->linux_plan, out, size);
    else if (plan->protocol == KERNEL_MULTIBOOT)
        format(out, size, "Multiboot%u", plan->multiboot.version);
    else
        format(out, size, "%s", plan->protocol == KERNEL_EFI_PROGRAM ? "UEFI application" : "Stagecoach");
}
