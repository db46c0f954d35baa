/* explain, for programs: docs/imgtool-json.md. */
#include "explanation.h"
#include "json.h"
#include "linux_text.h"
#include "memory_text.h"
#include "multiboot_text.h"
#include "wish_text.h"

static void add_kernel(struct json_object *document, const struct explanation *explanation)
{
    char text[32];
    const struct elf_plan *elf = &explanation->kernel.elf;
    struct named_wish wishes[WISH_COUNT];
    struct json_object *kernel = json_object_in(document, "kernel");
    kernel_protocol_name(&explanation->kernel, text, sizeof text);
    json_text(kernel, "protocol", text);
    json_flag(kernel, "relocatable", elf->relocatable);
    json_address(kernel, "entry", elf->entry);
    json_number(kernel, "relocations", explanation->relocations);
    json_flag(kernel, "aslr", explanation->kernel.aslr);
    struct json_object *list = json_object_in(kernel, "wishes");
    wish_list(&explanation->kernel, wishes);
    for (size_t i = 0; i < WISH_COUNT; i++)
        json_text(list, wishes[i].key, wish_text(wishes[i].wish, text, sizeof text));
    struct json_object *segments = json_array_in(kernel, "segments");
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        struct json_object *object = json_object_append(segments);
        json_address(object, "address", segment->address);
        json_number(object, "memory_size", segment->memory_size);
        json_number(object, "file_size", segment->file_size);
        json_number(object, "file_offset", segment->file_offset);
        json_text(object, "rights", rights_text(segment->rights, text));
    }
}

static void add_ranges(struct json_object *document, const struct explanation *explanation)
{
    struct json_object *array = json_array_in(document, "mappings");
    for (size_t i = 0; i < explanation->ranges.count; i++) {
        const struct sim_range *range = &explanation->ranges.list[i];
        struct json_object *object = json_object_append(array);
        json_text(object, "owner", explanation_owner(explanation, range));
        json_address(object, "address", range->address);
        json_address(object, "phys", range->phys);
        json_number(object, "size", range->size);
        json_number(object, "page_size", range->page_size);
        json_flag(object, "write", range->write);
        json_flag(object, "execute", range->execute);
        json_text(object, "cache", explanation_cache(range->cache));
        json_number(object, "random_bits", explanation_random_bits(explanation, range));
    }
}

static void add_memory(struct json_object *document, const struct explanation *explanation)
{
    const struct boot_info *info = explanation->info;
    struct json_object *memory = json_object_in(document, "memory");
    json_number(memory, "needed_to_boot", explanation->machine.claimed);
    json_number(memory, "page_tables", explanation->ranges.tables * 4096);
    struct json_object *array = json_array_in(memory, "map");
    const struct boot_memory_region *map =
        explanation_memory(explanation, (uintptr_t)info->memory_map, info->memory_map_count * sizeof *map);
    for (uint64_t i = 0; map != NULL && i < info->memory_map_count; i++) {
        struct json_object *object = json_object_append(array);
        json_address(object, "phys", map[i].phys);
        json_number(object, "size", map[i].size);
        json_text(object, "type", memory_type_name(map[i].type));
    }
}

static void add_info(struct json_object *document, const struct explanation *explanation)
{
    const struct boot_info *info = explanation->info;
    struct json_object *object = json_object_in(document, "boot_info");
    json_address(object, "address", explanation->machine.handoff.argument);
    json_address(object, "entry", explanation->machine.handoff.entry);
    json_address(object, "kernel_address", info->kernel_address);
    json_number(object, "kernel_size", info->kernel_size);
    json_address(object, "kernel_bias", info->kernel_bias);
    json_address(object, "stack_address", info->stack_address);
    json_number(object, "stack_size", info->stack_size);
    json_address(object, "framebuffer", (uintptr_t)info->framebuffer.address);
    json_number(object, "framebuffer_size", info->framebuffer.size);
    json_address(object, "ramdisk", (uintptr_t)info->ramdisk);
    json_number(object, "ramdisk_size", info->ramdisk_size);
    json_address(object, "physical_memory", info->physical_memory);
    json_number(object, "physical_memory_size", info->physical_memory_size);
    json_number(object, "recursive_slot", info->recursive_slot);
}

/* A kernel that gets no address space from the loader. */
static void add_other(struct json_object *document, const struct explanation *explanation)
{
    char text[32];
    struct json_object *kernel = json_object_in(document, "kernel");
    kernel_protocol_name(&explanation->kernel, text, sizeof text);
    json_text(kernel, "protocol", text);
    linux_add_json(kernel, &explanation->kernel);
    multiboot_add_json(kernel, &explanation->kernel);
    if (explanation->machine.way == KERNEL_BY_LINUX)
        json_address(document, "entry", explanation->machine.linux_entry.entry);
    if (explanation->machine.way == KERNEL_BY_MULTIBOOT)
        json_address(document, "entry", explanation->machine.multiboot_entry.orders.entry);
    json_text(document, "started_by", explanation->machine.way == KERNEL_BY_FIRMWARE ? "uefi" : "loader");
}

void explanation_print_json(const struct explanation *explanation)
{
    struct json_object *document = json_document("explain");
    bool boots = explanation->error.status == STATUS_OK;
    json_text(document, "file", explanation->kernel_path);
    json_flag(document, "boots", boots);
    if (boots && explanation->machine.way != KERNEL_BY_PLAN) {
        add_other(document, explanation);
    } else if (boots) {
        json_text(document, "addresses",
                  !explanation->aslr        ? "fixed"
                  : explanation->kaslr_seed ? "by kaslr-seed"
                                            : "random");
        add_kernel(document, explanation);
        add_ranges(document, explanation);
        add_memory(document, explanation);
        add_info(document, explanation);
    } else {
        struct json_object *refused = json_object_in(document, "refused");
        json_number(refused, "code", explanation->error.status);
        json_text(refused, "text", explanation->error.text);
    }
    json_finish(document);
}
