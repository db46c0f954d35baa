#include "protocol/bootloader_api.h"

#include "memory.h"

#define LOWER_HALF_END 0x0000800000000000ull
#define UPPER_HALF_START 0xffff800000000000ull
#define DEFAULT_RANGE_START                                                                                            \
    (512 * SIZE_1G) /* the original keeps the slots of physical memory free: here the first one */
#define UPPER_RANGE_END 0xfffffffffffff000ull
#define NEWEST_PATCH 16u
#define STACK_ALIGNMENT 16u /* of the stack pointer at the entry: what is below that is cut off */

static const uint8_t identifier[16] = {0x74, 0x3c, 0xa9, 0x61, 0x09, 0x36, 0x46, 0xa0,
                                       0xbb, 0x55, 0x5c, 0x15, 0x89, 0x15, 0x25, 0x3d};

/* The three forms differ in two fields that were added: ramdisk_memory (0.11.1) and kernel_base (0.11.11). */
struct form {
    uint32_t size;
    uint16_t first_patch, last_patch;
    bool has_ramdisk, has_kernel_base;
};
static const struct form forms[] = {
    {115, 0, 0, false, false},
    {124, 1, 10, true, false},
    {133, 11, NEWEST_PATCH, true, true},
};

struct reader {
    struct span bytes;
    uint64_t at;
    uint64_t last_at; /* where what was taken last begins: for messages */
    struct error *error;
    enum status status; /* the first failure, which is the one that counts */
};

static void refuse(struct reader *reader, const char *field, const char *rule)
{
    if (reader->status == STATUS_OK)
        reader->status = error_set(reader->error, STATUS_WISH_VALUE, BOOTLOADER_API_SECTION ": %s at byte %llu %s",
                                   field, (unsigned long long)reader->last_at, rule);
}

static uint64_t take(struct reader *reader, uint32_t size)
{
    uint64_t value = 0;
    struct span part;
    reader->last_at = reader->at;
    if (span_part(reader->bytes, reader->at, size, &part))
        memcpy(&value, part.data, size);
    else
        refuse(reader, "a field", "lies behind the end");
    reader->at += size;
    return value;
}

static bool take_tag(struct reader *reader, const char *field)
{
    uint64_t tag = take(reader, 1);
    if (tag > 1)
        refuse(reader, field, "is neither 0 nor 1");
    return tag == 1;
}

/* Option<u64>; 0 for None, whose payload must be zero. */
static uint64_t take_option(struct reader *reader, const char *field, bool *present)
{
    *present = take_tag(reader, field);
    uint64_t value = take(reader, 8);
    if (!*present && value != 0)
        refuse(reader, field, "is None but has a value");
    return value;
}

/* Mapping: Dynamic or FixedAddress. The native protocol's special values are no addresses that a mapping could have. */
static uint64_t take_mapping(struct reader *reader, const char *field)
{
    bool fixed;
    uint64_t address = take_option(reader, field, &fixed);
    if (fixed && (address == BOOT_DEFAULT || address == BOOT_ANYWHERE || address == BOOT_NOWHERE))
        refuse(reader, field, "is a fixed address inside the null page");
    return fixed ? address : BOOT_ANYWHERE;
}

static uint64_t take_optional_mapping(struct reader *reader, const char *field)
{
    bool present = take_tag(reader, field);
    uint64_t address = take_mapping(reader, field);
    if (!present && address != BOOT_ANYWHERE)
        refuse(reader, field, "is None but has a value");
    return present ? address : BOOT_NOWHERE;
}

static uint32_t take_minimum(struct reader *reader, const char *field)
{
    bool present;
    uint64_t value = take_option(reader, field, &present);
    if (value > UINT32_MAX)
        refuse(reader, field, "is more than any display has");
    return (uint32_t)value;
}

static const struct form *form_of(struct span section, struct error *error)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (section.size == forms[i].size)
            return &forms[i];
    error_set(error, STATUS_WISH_SIZE,
              BOOTLOADER_API_SECTION " has %llu bytes; bootloader_api 0.11 writes 115, 124 or 133",
              (unsigned long long)section.size);
    return NULL;
}

static enum status check_version(const struct kernel_api_version *version, const struct form *form, struct error *error)
{
    if (version->major == 0 && version->minor == 11 && version->patch >= form->first_patch &&
        version->patch <= form->last_patch)
        return STATUS_OK;
    return error_set(
        error, STATUS_WISH_VERSION,
        "made for bootloader_api %u.%u.%u with a configuration of %u bytes; known are 0.11.0 to 0.11.%u, this "
        "length from 0.11.%u to 0.11.%u",
        version->major, version->minor, version->patch, form->size, NEWEST_PATCH, form->first_patch, form->last_patch);
}

/* The original searches both halves, the lower one first. One half is enough: the one that the bounds leave. */
static void take_range(struct reader *reader, struct boot_config *config)
{
    bool has_start, has_end;
    uint64_t start = take_option(reader, "dynamic_range_start", &has_start);
    if (!align_up_ok(start, PAGE_SIZE, &start))
        refuse(reader, "dynamic_range_start", "leaves no address behind it");
    uint64_t end = align_down(take_option(reader, "dynamic_range_end", &has_end), PAGE_SIZE);
    if (has_end && end == 0)
        refuse(reader, "dynamic_range_end", "leaves no address before it");
    if (!has_start || start < PAGE_SIZE)
        start = has_end && end <= DEFAULT_RANGE_START ? PAGE_SIZE : DEFAULT_RANGE_START;
    else if (start >= LOWER_HALF_END && start < UPPER_HALF_START)
        start = UPPER_HALF_START;
    uint64_t half_end = start < LOWER_HALF_END ? LOWER_HALF_END : UPPER_RANGE_END;
    config->dynamic_range_start = start;
    config->dynamic_range_end = has_end && end < half_end ? end : half_end;
}

static void take_fields(struct reader *reader, const struct form *form, struct boot_config *config,
                        struct kernel_api_version *version)
{
    config->kernel_stack_size = version->stack_size = take(reader, 8);
    config->kernel_stack = take_mapping(reader, "kernel_stack");
    if (form->has_kernel_base)
        config->kernel_base = take_mapping(reader, "kernel_base");
    config->boot_info = take_mapping(reader, "boot_info");
    config->framebuffer = take_mapping(reader, "framebuffer");
    config->physical_memory = take_optional_mapping(reader, "physical_memory");
    config->page_table_recursive = take_optional_mapping(reader, "page_table_recursive");
    if (take_tag(reader, "aslr"))
        config->flags |= BOOT_CONFIG_ASLR;
    take_range(reader, config);
    if (form->has_ramdisk)
        config->ramdisk = take_mapping(reader, "ramdisk_memory");
    config->minimum_framebuffer_height = take_minimum(reader, "minimum_framebuffer_height");
    config->minimum_framebuffer_width = take_minimum(reader, "minimum_framebuffer_width");
}

enum status bootloader_api_read(struct span section, struct boot_config *config, struct kernel_api_version *version,
                                struct error *error)
{
    const struct form *form = form_of(section, error);
    if (form == NULL)
        return error->status;
    struct reader reader = {.bytes = section, .error = error, .status = STATUS_OK};
    for (; reader.at < sizeof identifier; reader.at++)
        if (section.data[reader.at] != identifier[reader.at])
            return error_set(error, STATUS_WISH_VALUE, BOOTLOADER_API_SECTION " does not begin with its identifier");
    *config = (struct boot_config){.size = sizeof *config, .version = BOOT_PROTOCOL_VERSION};
    *version = (struct kernel_api_version){0};
    version->major = (uint16_t)take(&reader, 2);
    version->minor = (uint16_t)take(&reader, 2);
    version->patch = (uint16_t)take(&reader, 2);
    version->pre_release = take_tag(&reader, "the pre-release flag");
    enum status status = check_version(version, form, error);
    if (status != STATUS_OK)
        return status;
    take_fields(&reader, form, config, version);
    if (config->kernel_stack_size < STACK_ALIGNMENT) /* the first push would hit the guard page */
        refuse(&reader, "kernel_stack_size", "is less than 16");
    if (config->kernel_stack > BOOT_NOWHERE && !add_ok(config->kernel_stack, PAGE_SIZE, &config->kernel_stack))
        refuse(&reader, "kernel_stack", "leaves no room for a stack"); /* its first page is the guard page */
    return reader.status;
}
