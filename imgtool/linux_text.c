#include "linux_text.h"

#include "size.h"

#include <inttypes.h>
#include <stdio.h>

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
