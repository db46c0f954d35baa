#include "linux_text.h"

#include "little_endian.h"
#include "size.h"

#include <inttypes.h>
#include <stdio.h>

#define VERSION_FIELD 0x20eu /* kernel_version: where in the setup code the text stands, less 0x200 */
#define VERSION_BASE 0x200u

void linux_version_read(const struct file_source *source, const struct kernel_plan *plan,
                        char version[LINUX_VERSION_SIZE])
{
    struct error error;
    const struct linux_plan *linux_plan = &plan->linux_plan;
    version[0] = '\0';
    if (plan->protocol != KERNEL_LINUX)
        return;
    uint64_t at = VERSION_BASE + little_endian(linux_plan->header + VERSION_FIELD - LINUX_HEADER_OFFSET, 2);
    if (at == VERSION_BASE || at >= linux_plan->code_offset)
        return;
    uint64_t size = linux_plan->code_offset - at;
    if (size > LINUX_VERSION_SIZE - 1)
        size = LINUX_VERSION_SIZE - 1;
    if (source->read(source->context, at, size, version, &error) != STATUS_OK)
        size = 0;
    uint64_t length = 0;
    while (length < size && version[length] >= ' ' && version[length] <= '~') /* the end, or no text for a terminal */
        length++;
    version[length] = '\0';
}

void linux_print(const struct kernel_plan *plan)
{
    char size[32];
    const struct linux_plan *linux_plan = &plan->linux_plan;
    if (plan->protocol != KERNEL_LINUX)
        return;
    printf("  %-22s 0x%" PRIx64 "%s\n", "preferred address", linux_plan->preferred,
           linux_plan->relocatable ? ", or above" : ", nowhere else");
    printf("  %-22s %s\n", "memory at first", size_text(linux_plan->memory_size, size, sizeof size));
    printf("  %-22s %u bytes\n", "longest command line", linux_plan->command_line_max);
    printf("  %-22s %s\n", "above 4 GiB", linux_plan->above_4g ? "kernel and ramdisk may be" : "no");
    printf("  %-22s %s\n", "EFI stub", linux_plan->efi_stub ? "yes: UEFI starts it itself" : "no");
}

void linux_add_json(struct json_object *kernel, const struct kernel_plan *plan)
{
    const struct linux_plan *linux_plan = &plan->linux_plan;
    if (plan->protocol != KERNEL_LINUX)
        return;
    json_flag(kernel, "relocatable", linux_plan->relocatable);
    json_address(kernel, "preferred_address", linux_plan->preferred);
    json_number(kernel, "memory_size", linux_plan->memory_size);
    json_number(kernel, "command_line_max", linux_plan->command_line_max);
    json_flag(kernel, "above_4g", linux_plan->above_4g);
    json_flag(kernel, "efi_stub", linux_plan->efi_stub);
}
