#include "wish_text.h"

#include <stdio.h>

void wish_list(const struct kernel_plan *plan, struct named_wish wishes[WISH_COUNT])
{
    const struct named_wish list[WISH_COUNT] = {
        {"kernel stack", "kernel_stack", &plan->stack},
        {"kernel base", "kernel_base", &plan->base},
        {"boot info", "boot_info", &plan->boot_info},
        {"framebuffer", "framebuffer", &plan->framebuffer},
        {"physical memory", "physical_memory", &plan->physical_memory},
        {"recursive page table", "page_table_recursive", &plan->recursive},
        {"ramdisk", "ramdisk", &plan->ramdisk},
        {"kernel symbols", "kernel_symbols", &plan->symbols},
        {"kernel file", "kernel_file", &plan->file},
    };
    for (size_t i = 0; i < WISH_COUNT; i++)
        wishes[i] = list[i];
}

const char *wish_text(const struct wish *wish, char *to, size_t size)
{
    if (wish->kind == WISH_FIXED)
        snprintf(to, size, "0x%016lx", wish->address);
    else
        snprintf(to, size, "%s", wish->kind == WISH_ANYWHERE ? "anywhere" : "nowhere");
    return to;
}

const char *rights_text(uint32_t rights, char to[4])
{
    snprintf(to, 4, "%c%c%c", rights & ELF_R ? 'r' : '-', rights & ELF_W ? 'w' : '-', rights & ELF_X ? 'x' : '-');
    return to;
}
