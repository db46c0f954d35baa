#include "machine_facts.h"

#include "cpu.h"
#include "direct_format.h"
#include "identity_map.h"
#include "log.h"

#define VIEW_START 1u /* QEMU and others put things into the first page, but nothing at 0 */
#define VIEW_END (4ull << 30)
#define EBDA_WORD 0x40e

const struct phys_view facts_view = {(const uint8_t *)VIEW_START, VIEW_START, VIEW_END - VIEW_START};

extern const struct direct_header image_header; /* entry.asm */

static const struct direct_entry *entry;
static struct starter starter;
static uint16_t ebda_segment;

void facts_start(const struct direct_entry *from_entry)
{
    entry = from_entry;
    /* For a compiler there is no object so near to address 0. */
    __asm__ volatile("movw (%1), %0" : "=r"(ebda_segment) : "r"((uint64_t)EBDA_WORD));
}

/* A framebuffer that can't be mapped one to one is none: a machine without a display boots, too. */
static void check_framebuffer(void)
{
    const struct boot_framebuffer *framebuffer = &starter.framebuffer;
    uint32_t bits = cpu_paging_features().phys_bits;
    bits = bits < IDENTITY_MAP_BITS ? bits : IDENTITY_MAP_BITS;
    if (framebuffer->phys + framebuffer->size <= 1ull << bits)
        return;
    log_warn(
        "the framebuffer at %#llx, of which the starter tells, is beyond the %u bits of addresses that can be used",
        (unsigned long long)framebuffer->phys, bits);
    starter.framebuffer = (struct boot_framebuffer){0};
}

static enum status parse_information(struct error *error)
{
    switch (entry->kind) {
    case ENTRY_MULTIBOOT1:
        return multiboot1_parse(&facts_view, entry->info, &starter, error);
    case ENTRY_MULTIBOOT2:
        return multiboot2_parse(&facts_view, entry->info, &starter, error);
    case ENTRY_PVH:
        return start_info_parse(&facts_view, entry->info, &starter, error);
    default:
        return error_set(error, STATUS_STARTER_INFO,
                         "the loader that started us speaks no protocol that we know: EAX is %#x", entry->kind);
    }
}

enum status facts_read(struct error *error)
{
    enum status status = parse_information(error);
    if (status == STATUS_OK)
        check_framebuffer();
    return status;
}

const struct starter *facts_starter(void)
{
    return &starter;
}

struct content_piece facts_image(void)
{
    return (struct content_piece){entry->base, image_header.loader_size + image_header.archive_size};
}

struct content_piece facts_archive(void)
{
    return (struct content_piece){entry->base + image_header.loader_size, image_header.archive_size};
}

uint16_t facts_ebda_segment(void)
{
    return ebda_segment;
}
