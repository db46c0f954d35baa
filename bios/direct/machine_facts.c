#include "machine_facts.h"

#include "direct_format.h"

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

enum status facts_read(struct error *error)
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
