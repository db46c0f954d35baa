#include "multiboot.h"

#include "memory.h"

#define MAGIC_1 0x1badb002u
#define MAGIC_2 0xe85250d6u
#define SEARCH_1 8192u
#define HEADER_MIN 16u /* of version 1, 12 and what else a file has behind it */

/* Flags of version 1: the lower half must be understood. */
#define FLAG_VIDEO 0x00000004u
#define FLAGS_UNKNOWN 0x0000fff8u /* all but modules on pages, memory, video */
#define FLAG_ADDRESSES 0x00010000u

/* Tags of version 2's header. */
enum {
    TAG_END,
    TAG_REQUEST,
    TAG_ADDRESSES,
    TAG_ENTRY,
    TAG_CONSOLE,
    TAG_FRAMEBUFFER,
    TAG_MODULES_ON_PAGES, /* they always begin on pages */
    TAG_BOOT_SERVICES,
    TAG_ENTRY_EFI32, /* such firmware can't start us */
    TAG_ENTRY_EFI64,
    TAG_RELOCATABLE,
    TAG_COUNT,
};
#define TAG_OPTIONAL 1u
#define CONSOLE_REQUIRED 1u
/* The information that the specification knows ends with the load base. */
#define INFORMATION_LAST 21u

struct wishes {    /* in the words of version 2 */
    uint32_t seen; /* bit n: tag n */
    uint32_t words[TAG_COUNT][4];
};

static bool has(const struct wishes *wishes, unsigned tag)
{
    return (wishes->seen >> tag & 1) != 0;
}

/* --- finding it -------------------------------------------------------------------------------------------------- */

/* The words that add up to zero, at multiples of the alignment. */
static bool find(struct span head, uint32_t magic, uint32_t alignment, uint32_t *offset)
{
    for (uint32_t at = 0; range_ok(at, HEADER_MIN, head.size); at += alignment) {
        uint32_t word[4];
        __builtin_memcpy(word, head.data + at, sizeof word);
        *offset = at;
        if (word[0] == magic && word[0] + word[1] + word[2] + (magic == MAGIC_2 ? word[3] : 0) == 0 &&
            (magic == MAGIC_1 || word[1] == 0))
            return true;
    }
    return false;
}

bool multiboot_find(struct span head, unsigned *version, uint32_t *offset)
{
    *version = 2;
    if (find(head, MAGIC_2, 8, offset))
        return true;
    *version = 1;
    head.size = head.size < SEARCH_1 ? head.size : SEARCH_1;
    return find(head, MAGIC_1, 4, offset);
}

/* --- reading it -------------------------------------------------------------------------------------------------- */

enum status multiboot_refuse(struct error *error, const char *what, uint64_t value)
{
    return error_set(error, STATUS_MULTIBOOT_KERNEL, "Multiboot kernel: %s %#llx is not valid", what,
                     (unsigned long long)value);
}

enum status multiboot_demand(struct error *error, const char *what, uint32_t value)
{
    return error_set(error, STATUS_MULTIBOOT_DEMAND,
                     "the Multiboot kernel demands %s %#x, which this loader can't give it", what, value);
}

/* What is asked for has to be understood. Whether there is any is the machine's, and no reason to refuse
 * (Multiboot2 2.0, 3.1.4): a BIOS has no EFI to tell of, and a machine without a display no framebuffer. */
static enum status take_requests(const uint8_t *types, uint32_t size, struct error *error)
{
    uint32_t type;
    for (; size >= sizeof type; size -= 4, types += 4) {
        __builtin_memcpy(&type, types, sizeof type);
        if (type > INFORMATION_LAST)
            return multiboot_demand(error, "information", type);
    }
    return STATUS_OK;
}

static enum status read_tags(struct span header, struct wishes *wishes, struct error *error)
{
    static const uint8_t words[TAG_COUNT] = {0, 0, 4, 1, 1, 3, 0, 0, 1, 1, 4};
    struct {
        uint16_t type, flags;
        uint32_t size;
    } tag;
    for (uint64_t at = 16;; at = align_down(at + tag.size + 7, 8)) {
        if (!range_ok(at, sizeof tag, header.size))
            return multiboot_refuse(error, "the header's length", header.size);
        __builtin_memcpy(&tag, header.data + at, sizeof tag);
        uint32_t count = tag.type < TAG_COUNT ? words[tag.type] : 0;
        if (tag.size < sizeof tag + 4 * count || !range_ok(at, tag.size, header.size))
            return multiboot_refuse(error, "the length of the header's tag", tag.type);
        if (tag.type == TAG_END)
            return STATUS_OK;
        bool required = (tag.flags & TAG_OPTIONAL) == 0;
        if (tag.type == TAG_REQUEST && required) {
            enum status status = take_requests(header.data + at + sizeof tag, tag.size - (uint32_t)sizeof tag, error);
            if (status != STATUS_OK)
                return status;
        } else if (tag.type < TAG_COUNT) {
            wishes->seen |= 1u << tag.type;
            memcpy(wishes->words[tag.type], header.data + at + sizeof tag, 4 * count);
        } else if (required) {
            return multiboot_demand(error, "what it asks for by tag", tag.type);
        }
    }
}

static enum status read_version2(struct span head, uint32_t offset, struct wishes *wishes, struct error *error)
{
    uint32_t length;
    struct span header;
    __builtin_memcpy(&length, head.data + offset + 8, sizeof length);
    if (!span_part(head, offset, length, &header))
        return multiboot_refuse(error, "the header's length", length);
    return read_tags(header, wishes, error);
}

static enum status read_version1(struct span head, uint32_t offset, struct wishes *wishes, struct error *error)
{
    uint32_t field[12] = {0};
    uint64_t rest = head.size - offset;
    memcpy(field, head.data + offset, rest < sizeof field ? rest : sizeof field);
    uint32_t flags = field[1];
    if ((flags & FLAGS_UNKNOWN) != 0)
        return multiboot_demand(error, "what it asks for by flags", flags & FLAGS_UNKNOWN);
    if (rest < ((flags & FLAG_VIDEO) != 0 ? 48 : (flags & FLAG_ADDRESSES) != 0 ? 32 : 12))
        return multiboot_refuse(error, "at the file's end the header with flags", flags);
    if ((flags & FLAG_ADDRESSES) != 0) {
        wishes->seen |= 1u << TAG_ADDRESSES | 1u << TAG_ENTRY;
        __builtin_memcpy(wishes->words[TAG_ADDRESSES], field + 3, 16);
        wishes->words[TAG_ENTRY][0] = field[7];
    }
    if ((flags & FLAG_VIDEO) != 0 && field[8] == 0) { /* 1: text */
        wishes->seen |= 1u << TAG_FRAMEBUFFER;
        __builtin_memcpy(wishes->words[TAG_FRAMEBUFFER], field + 9, 12);
    }
    return STATUS_OK;
}

/* --- what it means ----------------------------------------------------------------------------------------------- */

static bool inside_segment(const struct multiboot_plan *plan, uint64_t phys)
{
    for (uint32_t i = 0; i < plan->segment_count; i++)
        if (phys - plan->segments[i].phys < plan->segments[i].memory_size)
            return true;
    return false;
}

/* Where ELF's own entry point is not the one. */
static enum status take_entries(const struct wishes *wishes, struct multiboot_plan *plan, struct error *error)
{
    plan->boot_services = has(wishes, TAG_BOOT_SERVICES) && has(wishes, TAG_ENTRY_EFI64);
    plan->efi_entry = plan->boot_services ? wishes->words[TAG_ENTRY_EFI64][0] : 0;
    if (has(wishes, TAG_ENTRY))
        plan->entry = wishes->words[TAG_ENTRY][0];
    if (!inside_segment(plan, plan->entry) || (has(wishes, TAG_ADDRESSES) && !has(wishes, TAG_ENTRY)))
        return multiboot_refuse(error, "the entry point", plan->entry);
    if (plan->boot_services && !inside_segment(plan, plan->efi_entry))
        return multiboot_refuse(error, "the entry point for EFI", plan->efi_entry);
    return STATUS_OK;
}

static enum status take_range(const struct wishes *wishes, struct multiboot_plan *plan, struct error *error)
{
    const uint32_t *words = wishes->words[TAG_RELOCATABLE];
    if (!has(wishes, TAG_RELOCATABLE))
        return STATUS_OK;
    plan->relocatable = true;
    plan->lowest = words[0];
    plan->highest = words[1];
    plan->alignment = words[2] != 0 ? words[2] : 1;
    plan->preference = words[3];
    if (!is_power_of_two(plan->alignment))
        return multiboot_refuse(error, "its own alignment", plan->alignment);
    if (plan->highest < plan->lowest || plan->end - plan->start > plan->highest - plan->lowest + 1ull)
        return multiboot_refuse(error, "the range for the kernel from", plan->lowest);
    return STATUS_OK;
}

static void take_video(const struct wishes *wishes, struct multiboot_plan *plan)
{
    const uint32_t *words = wishes->words[TAG_FRAMEBUFFER];
    plan->framebuffer = has(wishes, TAG_FRAMEBUFFER);
    plan->needs_console = (wishes->words[TAG_CONSOLE][0] & CONSOLE_REQUIRED) != 0;
    if (words[0] != 0 && words[1] != 0) {
        plan->width = words[0];
        plan->height = words[1];
    }
}

enum status multiboot_plan_read(struct span head, uint64_t file_size, struct multiboot_plan *plan, struct error *error)
{
    struct wishes wishes = {0};
    uint32_t offset;
    memset(plan, 0, sizeof *plan);
    if (!multiboot_find(head, &plan->version, &offset))
        return multiboot_refuse(error, "no header; version", 0);
    enum status status = (plan->version == 2 ? read_version2 : read_version1)(head, offset, &wishes, error);
    if (status == STATUS_OK)
        status = has(&wishes, TAG_ADDRESSES)
                     ? multiboot_image_raw(wishes.words[TAG_ADDRESSES], offset, file_size, plan, error)
                     : multiboot_image_elf(head, file_size, plan, error);
    if (status == STATUS_OK)
        status = take_entries(&wishes, plan, error);
    take_video(&wishes, plan);
    return status == STATUS_OK ? take_range(&wishes, plan, error) : status;
}
