/* The information of Multiboot 2: tags in one block (Multiboot2 Specification 2.0, 3.4 and 3.6). */
#include "starter.h"

#define BLOCK_HEADER 8u
#define TAG_HEADER 8u
#define TAG_ALIGNMENT 8u

enum {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI64_SYSTEM_TABLE = 12,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MEMORY_MAP = 17,
};

/* Sizes of tags, at least, with what is read of them. */
#define MODULE_SIZE 16u
#define BASIC_MEMORY_SIZE 16u
#define MAP_SIZE 16u
#define FRAMEBUFFER_SIZE 38u
#define SYSTEM_TABLE_SIZE 16u

struct tag {
    const uint8_t *at;
    uint64_t phys;
    uint32_t type, size;
};

/* The string that ends a tag: NUL-terminated, or as long as the tag is. */
static struct config_text text_in(const struct tag *tag, uint32_t offset)
{
    const char *text = (const char *)tag->at + offset;
    uint32_t size = 0;
    while (size < tag->size - offset && text[size] != '\0')
        size++;
    return (struct config_text){text, size};
}

static enum status take_module(const struct tag *tag, struct starter *starter, struct error *error)
{
    uint32_t start = load32(tag->at + 8), end = load32(tag->at + 12);
    struct config_text text = text_in(tag, MODULE_SIZE);
    if (end < start)
        return error_set(error, STATUS_STARTER_INFO, "a module ends at %#x, before its start %#x", end, start);
    return starter_add_module(starter, start, end - start, &text, error);
}

static struct starter_map list_in(const struct tag *tag, enum starter_map_kind kind)
{
    return (struct starter_map){
        .kind = kind, .entries = {tag->at + MAP_SIZE, tag->size - MAP_SIZE}, .step = load32(tag->at + 8)};
}

static void take_basic(const struct tag *tag, struct starter *starter)
{
    if (starter->map.kind == STARTER_MAP_NONE)
        starter->map = (struct starter_map){
            .kind = STARTER_MAP_BASIC, .lower_kib = load32(tag->at + 8), .upper_kib = load32(tag->at + 12)};
}

static void take_efi_map(const struct tag *tag, struct starter *starter)
{
    starter->efi_map = list_in(tag, STARTER_MAP_EFI);
    starter->efi_map_version = load32(tag->at + 12);
}

/* The newer table before the older, in whatever order they come. */
static void take_rsdp(const struct tag *tag, struct starter *starter)
{
    if (starter->rsdp_copy.data == NULL || tag->type == TAG_ACPI_NEW)
        starter->rsdp_copy = (struct span){tag->at + TAG_HEADER, tag->size - TAG_HEADER};
}

static uint32_t smallest(uint32_t type)
{
    switch (type) {
    case TAG_MODULE:
        return MODULE_SIZE;
    case TAG_BASIC_MEMORY:
        return BASIC_MEMORY_SIZE;
    case TAG_MEMORY_MAP:
    case TAG_EFI_MEMORY_MAP:
        return MAP_SIZE;
    case TAG_EFI64_SYSTEM_TABLE:
        return SYSTEM_TABLE_SIZE;
    default:
        return TAG_HEADER;
    }
}

static enum status take_tag(const struct tag *tag, struct starter *starter, struct error *error)
{
    if (tag->size < smallest(tag->type))
        return error_set(error, STATUS_STARTER_INFO, "tag %u has %u bytes, too few", tag->type, tag->size);
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        starter->command_line = text_in(tag, TAG_HEADER);
        break;
    case TAG_LOADER_NAME:
        starter->loader = text_in(tag, TAG_HEADER);
        break;
    case TAG_MODULE:
        return take_module(tag, starter, error);
    case TAG_BASIC_MEMORY:
        take_basic(tag, starter);
        break;
    case TAG_MEMORY_MAP:
        starter->map = list_in(tag, STARTER_MAP_RECORDS);
        break;
    case TAG_FRAMEBUFFER: /* shorter for displays that are not direct RGB */
        if (tag->size >= FRAMEBUFFER_SIZE)
            starter_set_framebuffer(starter, tag->at + TAG_HEADER, tag->at + 32);
        break;
    case TAG_EFI64_SYSTEM_TABLE:
        starter->efi_system_table_phys = load64(tag->at + TAG_HEADER);
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        take_rsdp(tag, starter);
        break;
    case TAG_EFI_MEMORY_MAP:
        take_efi_map(tag, starter);
        break;
    default:
        break;
    }
    return STATUS_OK;
}

static enum status take_tags(struct span block, struct starter *starter, struct error *error)
{
    uint64_t at = BLOCK_HEADER, size;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        if (!range_ok(at, TAG_HEADER, block.size))
            return error_set(error, STATUS_STARTER_INFO, "the tags have no end within %llu bytes",
                             (unsigned long long)block.size);
        struct tag tag = {.at = block.data + at, .type = load32(block.data + at), .size = load32(block.data + at + 4)};
        if (tag.type == TAG_END)
            break;
        if (tag.size < TAG_HEADER || !range_ok(at, tag.size, block.size))
            return error_set(error, STATUS_STARTER_INFO, "tag %u at offset %llu has impossible %u bytes", tag.type,
                             (unsigned long long)at, tag.size);
        status = take_tag(&tag, starter, error);
        if (!align_up_ok(at + tag.size, TAG_ALIGNMENT, &size))
            break;
        at = size;
    }
    return status;
}

enum status multiboot2_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error)
{
    starter_init(starter, BOOT_SOURCE_MULTIBOOT2);
    const uint8_t *header = phys_view_at(view, phys, BLOCK_HEADER);
    uint32_t size = header != NULL ? load32(header) : BLOCK_HEADER;
    const uint8_t *block = starter_take(starter, view, phys, size, "Multiboot2 information", error);
    if (block == NULL)
        return error->status;
    enum status status = take_tags((struct span){block, size}, starter, error);
    if (status == STATUS_OK && starter->efi_map.kind != STARTER_MAP_NONE) /* tells more than what was made of it */
        starter->map = starter->efi_map;
    return status;
}
