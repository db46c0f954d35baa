#include "multiboot_text.h"

#include "protocol/multiboot_boot.h"

#include <inttypes.h>
#include <stdio.h>

static void print_wishes(const struct multiboot_plan *plan)
{
    if (plan->relocatable)
        printf("  %-22s to a multiple of 0x%x from 0x%x to 0x%x\n", "relocatable", plan->alignment, plan->lowest,
               plan->highest);
    if (plan->framebuffer && plan->width != 0)
        printf("  %-22s %ux%u if possible\n", "framebuffer", plan->width, plan->height);
    else if (plan->framebuffer)
        printf("  %-22s of any size\n", "framebuffer");
    if (plan->needs_console)
        printf("  %-22s yes\n", "needs a screen");
    if (plan->boot_services)
        printf("  %-22s 0x%" PRIx64 ", boot services go on\n", "entry on UEFI", plan->efi_entry);
    if (plan->sections.count != 0)
        printf("  %-22s %u, %" PRIu64 " bytes of them loaded apart\n", "ELF sections", plan->sections.count,
               plan->sections.size);
}

void multiboot_print(const struct kernel_plan *kernel)
{
    const struct multiboot_plan *plan = &kernel->multiboot;
    if (kernel->protocol != KERNEL_MULTIBOOT)
        return;
    printf("  %-22s 0x%" PRIx64 "\n", "entry", plan->entry);
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct multiboot_segment *segment = &plan->segments[i];
        printf("  %-22s 0x%" PRIx64 ", %" PRIu64 " bytes, %" PRIu64 " of them from offset %" PRIu64 "\n",
               i == 0 ? "segments" : "", segment->phys, segment->memory_size, segment->file_size, segment->file_offset);
    }
    print_wishes(plan);
}

void multiboot_add_json(struct json_object *object, const struct kernel_plan *kernel)
{
    const struct multiboot_plan *plan = &kernel->multiboot;
    if (kernel->protocol != KERNEL_MULTIBOOT)
        return;
    json_flag(object, "relocatable", plan->relocatable);
    json_address(object, "entry", plan->entry);
    if (plan->boot_services)
        json_address(object, "efi_entry", plan->efi_entry);
    json_flag(object, "framebuffer", plan->framebuffer);
    struct json_object *segments = json_array_in(object, "segments");
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct multiboot_segment *segment = &plan->segments[i];
        struct json_object *item = json_object_append(segments);
        json_address(item, "phys", segment->phys);
        json_number(item, "memory_size", segment->memory_size);
        json_number(item, "file_size", segment->file_size);
        json_number(item, "file_offset", segment->file_offset);
    }
}

void multiboot_print_entry(const struct multiboot_entry *entry)
{
    const struct multiboot_orders *orders = &entry->orders;
    printf("\nWhat the kernel is given (EAX = 0x%08x, EBX = 0x%08x):\n", orders->magic, orders->information);
    printf("  %-22s 0x%08x, %s\n", "first instruction", orders->entry,
           entry->boot_services ? "64-bit mode, boot services go on" : "32-bit mode");
    for (const struct multiboot_move *move = orders->moves; move->words != 0; move++)
        printf("  %-22s 0x%08x from 0x%08x, %" PRIu64 " bytes\n", "moved at the end to", move->to, move->from,
               4 * (uint64_t)move->words);
}
