#include "linux.h"

#include "error.h"
#include "format.h"
#include "memory.h"
#include "pe.h"

#define HEADER_END_OFFSET 0x201u /* the jump's operand: how far behind 0x202 the header ends */
#define HEADER_END_MIN 0x264u    /* with init_size, which version 2.10 brought */
#define VERSION_MIN 0x20cu       /* with xloadflags */
#define SETUP_SECTORS_DEFAULT 4u /* what 0 means */
#define SECTOR_SIZE 512u

#define LOADED_HIGH 0x01u /* loadflags */
#define XLF_KERNEL_64 0x01u
#define XLF_ABOVE_4G 0x02u

/* Offsets in the file. The span has them all: checked first. */
struct fields {
    uint8_t setup_sectors, load_flags, relocatable;
    uint16_t version, x_load_flags;
    uint32_t code_paragraphs, ramdisk_max, alignment, command_line_max, init_size;
    uint64_t preferred;
};

static bool read_fields(struct span head, struct fields *fields)
{
    return span_u8(head, 0x1f1, &fields->setup_sectors) && span_u32(head, 0x1f4, &fields->code_paragraphs) &&
           span_u16(head, 0x206, &fields->version) && span_u8(head, 0x211, &fields->load_flags) &&
           span_u32(head, 0x22c, &fields->ramdisk_max) && span_u32(head, 0x230, &fields->alignment) &&
           span_u8(head, 0x234, &fields->relocatable) && span_u16(head, 0x236, &fields->x_load_flags) &&
           span_u32(head, 0x238, &fields->command_line_max) && span_u64(head, 0x258, &fields->preferred) &&
           span_u32(head, 0x260, &fields->init_size);
}

static enum status refuse(struct error *error, const char *field, uint64_t value, const char *rule)
{
    return error_set(error, STATUS_LINUX_HEADER, "Linux setup header: %s is %#llx, %s", field,
                     (unsigned long long)value, rule);
}

static enum status check_entry(const struct fields *fields, struct error *error)
{
    if (fields->version < VERSION_MIN)
        return error_set(error, STATUS_LINUX_ENTRY,
                         "Linux boot protocol %u.%02u; at least 2.12 is needed: take a kernel from 3.8 on",
                         fields->version >> 8, fields->version & 0xff);
    if ((fields->load_flags & LOADED_HIGH) == 0)
        return error_set(error, STATUS_LINUX_ENTRY, "is a Linux zImage, which loads below 640 KiB: make a bzImage");
    if ((fields->x_load_flags & XLF_KERNEL_64) == 0)
        return error_set(error, STATUS_LINUX_ENTRY, "is a Linux kernel without a 64-bit entry: take one for x86_64");
    return STATUS_OK;
}

/* What the file has of the code may be shorter than the header says by what that is rounded up with. */
static enum status find_code(const struct fields *fields, uint64_t file_size, struct linux_plan *plan,
                             struct error *error)
{
    uint32_t sectors = fields->setup_sectors != 0 ? fields->setup_sectors : SETUP_SECTORS_DEFAULT;
    uint64_t size = (uint64_t)fields->code_paragraphs * 16;
    plan->code_offset = (sectors + 1ull) * SECTOR_SIZE;
    if (size <= LINUX_ENTRY_64)
        return refuse(error, "syssize", fields->code_paragraphs, "but the 64-bit entry lies 512 bytes in");
    if (plan->code_offset >= file_size || size - 15 > file_size - plan->code_offset)
        return error_set(error, STATUS_LINUX_TRUNCATED,
                         "has %llu bytes, but its setup header tells of %llu: the file is cut off",
                         (unsigned long long)file_size, (unsigned long long)(plan->code_offset + size));
    uint64_t rest = file_size - plan->code_offset;
    plan->code_size = size < rest ? size : rest;
    return STATUS_OK;
}

static enum status take_addresses(const struct fields *fields, struct linux_plan *plan, struct error *error)
{
    uint64_t end;
    plan->relocatable = fields->relocatable != 0;
    plan->above_4g = (fields->x_load_flags & XLF_ABOVE_4G) != 0;
    plan->memory_size = fields->init_size;
    plan->preferred = fields->preferred;
    plan->alignment = plan->relocatable ? fields->alignment : PAGE_SIZE;
    plan->ramdisk_limit = plan->above_4g ? 0 : fields->ramdisk_max + 1ull;
    plan->command_line_max = fields->command_line_max;
    if (!is_power_of_two(plan->alignment) || plan->alignment < PAGE_SIZE)
        return refuse(error, "kernel_alignment", plan->alignment, "not a power of two of at least 4096");
    if (plan->memory_size < plan->code_size)
        return refuse(error, "init_size", plan->memory_size, "less than the kernel's own size");
    if (!is_aligned(plan->preferred, plan->alignment) || plan->preferred < 1u << 20 ||
        !add_ok(plan->preferred, plan->memory_size + plan->alignment, &end))
        return refuse(error, "pref_address", plan->preferred, "not aligned, below 1 MiB or beyond all memory");
    return STATUS_OK;
}

static void keep_header(struct span head, struct linux_plan *plan)
{
    uint32_t end = LINUX_MAGIC_OFFSET + head.data[HEADER_END_OFFSET];
    plan->header_size = end - LINUX_HEADER_OFFSET < LINUX_HEADER_MAX ? end - LINUX_HEADER_OFFSET : LINUX_HEADER_MAX;
    memset(plan->header, 0, sizeof plan->header);
    memcpy(plan->header, head.data + LINUX_HEADER_OFFSET, plan->header_size);
}

enum status linux_plan_read(struct span head, uint64_t file_size, struct linux_plan *plan, struct error *error)
{
    struct fields fields;
    struct pe_facts pe;
    struct error ignored;
    if (head.size < LINUX_HEAD_SIZE || !read_fields(head, &fields))
        return error_set(error, STATUS_LINUX_TRUNCATED, "ends inside the Linux setup header");
    enum status status = check_entry(&fields, error);
    if (status != STATUS_OK)
        return status;
    if (LINUX_MAGIC_OFFSET + head.data[HEADER_END_OFFSET] < HEADER_END_MIN)
        return refuse(error, "the jump's operand", head.data[HEADER_END_OFFSET], "which ends it before init_size");
    plan->version = fields.version;
    status = find_code(&fields, file_size, plan, error);
    if (status == STATUS_OK)
        status = take_addresses(&fields, plan, error);
    if (status != STATUS_OK)
        return status;
    plan->efi_stub = pe_read(head, file_size, &pe, &ignored) == STATUS_OK;
    keep_header(head, plan);
    return STATUS_OK;
}

void linux_name(const struct linux_plan *plan, char *out, size_t size)
{
    format(out, size, "Linux x86 boot protocol %u.%02u", plan->version >> 8, plan->version & 0xff);
}
