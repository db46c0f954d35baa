/* explain, for people. */
#include "cli.h"
#include "explanation.h"
#include "linux_text.h"
#include "memory_text.h"
#include "multiboot_text.h"
#include "size.h"
#include "wish_text.h"

#include <inttypes.h>
#include <string.h>

#define BAR_WIDTH 20

static void print_kernel(const struct explanation *explanation)
{
    char protocol[32], size[32], rights[4];
    const struct elf_plan *elf = &explanation->kernel.elf;
    kernel_protocol_name(&explanation->kernel, protocol, sizeof protocol);
    printf("%s: %s protocol, %s, %" PRIu64 " relocations\n", explanation->kernel_path, protocol,
           elf->relocatable ? "relocatable (ET_DYN)" : "at fixed addresses (ET_EXEC)", explanation->relocations);
    printf("\nSegments of the file:\n");
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        printf("  0x%016" PRIx64 "  %s  %-10s of which %" PRIu64 " bytes from offset 0x%" PRIx64 "\n", segment->address,
               rights_text(segment->rights, rights), size_about(segment->memory_size, size, sizeof size),
               segment->file_size, segment->file_offset);
    }
    if (elf->tls_alignment != 0)
        printf("  thread-local storage: %" PRIu64 " bytes\n", elf->tls_memory_size);
}

/* On a scale on which each mark is eight times as much as the one before. */
static void print_bar(uint64_t size)
{
    int marks = 1;
    for (uint64_t step = 4096; step < size && marks < BAR_WIDTH; step *= 8)
        marks++;
    printf("|%.*s%*s", marks, "####################", BAR_WIDTH - marks + 1, "");
}

static void print_gap(uint64_t from, uint64_t to)
{
    char size[32];
    if (to > from)
        printf("  %18s  :  %s not mapped\n", "", size_about(to - from, size, sizeof size));
}

static void print_ranges(const struct explanation *explanation)
{
    char size[32], page[32];
    uint64_t before = 0;
    bool random = explanation->aslr && !explanation->kaslr_seed;
    printf("\nAddress space (the bars grow by one mark each time a range is eight times as long):\n");
    for (size_t i = 0; i < explanation->ranges.count; i++) {
        const struct sim_range *range = &explanation->ranges.list[i];
        bool upper = (range->address >> 63) != 0 && (before >> 63) == 0;
        print_gap(upper ? 0xffff800000000000 : before, range->address);
        printf("  0x%016" PRIx64 "  ", range->address);
        print_bar(range->size);
        unsigned bits = random ? explanation_random_bits(explanation, range) : 0;
        printf("%-16s r%c%c  %-9s %s, pages of %s", explanation_owner(explanation, range), range->write ? 'w' : '-',
               range->execute ? 'x' : '-', size_about(range->size, size, sizeof size), explanation_cache(range->cache),
               size_about(range->page_size, page, sizeof page));
        if (bits > 0)
            printf(", %u random bits", bits);
        putchar('\n');
        before = range->address + range->size;
    }
    if (explanation->info->recursive_slot < 512)
        printf("  page tables appear in slot %u\n", explanation->info->recursive_slot);
    if (random)
        printf("  These random addresses, and the kernel's frames, are one example: they differ at each boot.\n"
               "  --kaslr-seed shows what a kaslr-seed in the configuration gives.\n");
    if (explanation->kaslr_seed)
        printf("  kaslr-seed chose these addresses: each boot gives the same ones.\n");
}

static void print_memory(const struct explanation *explanation)
{
    uint64_t sums[16] = {0};
    char size[32], peak[32];
    const struct boot_info *info = explanation->info;
    const struct boot_memory_region *map =
        explanation_memory(explanation, (uintptr_t)info->memory_map, info->memory_map_count * sizeof *map);
    for (uint64_t i = 0; map != NULL && i < info->memory_map_count; i++)
        if (map[i].type < 16)
            sums[map[i].type] += map[i].size;
    printf("\nMemory:\n");
    for (uint32_t type = BOOT_MEMORY_LOADER_RECLAIMABLE; type <= BOOT_MEMORY_MODULE; type++)
        if (sums[type] != 0)
            printf("  %-20s %s\n", memory_type_name(type), size_about(sums[type], size, sizeof size));
    printf("  %-20s %s, of which page tables %s\n", "needed to boot",
           size_about(explanation->machine.claimed, peak, sizeof peak),
           size_about(explanation->ranges.tables * 4096, size, sizeof size));
    printf("  %-20s %s\n", "left for the kernel", size_about(sums[BOOT_MEMORY_USABLE], size, sizeof size));
}

static void print_info(const struct explanation *explanation)
{
    const struct boot_info *info = explanation->info;
    const struct handoff *handoff = &explanation->machine.handoff;
    printf("\nWhat the kernel is given (RDI = 0x%016" PRIx64 "):\n", handoff->argument);
    printf("  %-20s 0x%016" PRIx64 "\n", "first instruction", handoff->entry);
    printf("  %-20s 0x%016" PRIx64 ", %" PRIu64 " bytes\n", "stack", info->stack_address, info->stack_size);
    printf("  %-20s %s, %s\n", "firmware, source", info->firmware == BOOT_FIRMWARE_UEFI ? "UEFI" : "BIOS", "disk");
    printf("  %-20s %" PRIu64 " regions\n", "memory map", info->memory_map_count);
    if (info->framebuffer.size != 0)
        printf("  %-20s %ux%u, 0x%016" PRIxPTR ", physical 0x%" PRIx64 "\n", "framebuffer", info->framebuffer.width,
               info->framebuffer.height, (uintptr_t)info->framebuffer.address, info->framebuffer.phys);
    if (info->ramdisk_size != 0)
        printf("  %-20s 0x%016" PRIxPTR ", %" PRIu64 " bytes\n", "ramdisk", (uintptr_t)info->ramdisk,
               info->ramdisk_size);
    if (info->physical_memory_size != 0)
        printf("  %-20s 0x%016" PRIx64 ", up to 0x%" PRIx64 "\n", "physical memory", info->physical_memory,
               info->physical_memory_size);
    printf("  from the firmware    ACPI and SMBIOS tables, EDID, time-stamp counter\n");
}

/* What the loader would have warned of. */
static void print_warnings(const struct explanation *explanation)
{
    const struct boot_info *info = explanation->info;
    const char *line = explanation_memory(explanation, (uintptr_t)info->log, info->log_size);
    static const char tag[] = "[warn] ";
    for (const char *end = line != NULL ? line + info->log_size : NULL; line != NULL && line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline != NULL ? newline : end;
        if ((size_t)(stop - line) > sizeof tag && memcmp(line, tag, sizeof tag - 1) == 0)
            cli_warn("%.*s", (int)(stop - line - (int)sizeof tag + 1), line + sizeof tag - 1);
        line = stop + 1;
    }
}

/* A kernel that gets no address space from the loader. */
static void print_other(const struct explanation *explanation)
{
    char protocol[32], size[32];
    const struct sim_machine *machine = &explanation->machine;
    kernel_protocol_name(&explanation->kernel, protocol, sizeof protocol);
    printf("%s: %s\n", explanation->kernel_path, protocol);
    linux_print(&explanation->kernel);
    multiboot_print(&explanation->kernel);
    if (machine->way == KERNEL_BY_FIRMWARE) {
        printf("\nUEFI loads and starts it, with the command line as its load options");
        printf("; Linux asks for the ramdisk by LoadFile2.\n");
        return;
    }
    if (machine->way == KERNEL_BY_MULTIBOOT) {
        multiboot_print_entry(&machine->multiboot_entry);
    } else {
        printf("\nWhat Linux is given (RSI = 0x%016" PRIx64 "):\n", machine->linux_entry.params_phys);
        printf("  %-22s 0x%016" PRIx64 "\n", "first instruction", machine->linux_entry.entry);
    }
    printf("  %-22s %s\n", "memory taken", size_about(machine->claimed, size, sizeof size));
}

void explanation_print(const struct explanation *explanation)
{
    if (explanation->machine.way != KERNEL_BY_PLAN) {
        print_other(explanation);
        return;
    }
    print_warnings(explanation);
    print_kernel(explanation);
    print_ranges(explanation);
    print_memory(explanation);
    print_info(explanation);
}
