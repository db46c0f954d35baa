/* inspect, for programs: docs/imgtool-json.md. */
#include "inspection.h"
#include "json.h"
#include "linux_text.h"
#include "multiboot_text.h"
#include "partition_text.h"
#include "wish_text.h"

static void add_partitions(struct json_object *document, const struct verify *tables)
{
    const struct partition_table *table = &tables->files.table;
    char name[PARTITION_NAME_SIZE], type[PARTITION_NAME_SIZE], guid[37];
    json_text(document, "table", table->kind == BOOT_DISK_GPT ? "gpt" : table->kind == BOOT_DISK_MBR ? "mbr" : "none");
    json_flag(document, "from_backup", table->from_backup);
    struct json_object *array = json_array_in(document, "partitions");
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->partitions[i];
        struct json_object *object = json_object_append(array);
        json_number(object, "number", partition->number);
        json_number(object, "first_sector", partition->first_lba);
        json_number(object, "last_sector", partition->last_lba);
        json_text(object, "type", partition_type_text(table, partition, type));
        if (table->kind != BOOT_DISK_GPT)
            continue;
        json_text(object, "name", partition_name_text(partition, name));
        json_text(object, "type_guid", partition_guid_text(partition->type_guid, guid));
        json_text(object, "guid", partition_guid_text(partition->guid, guid));
    }
}

static void add_firmware(struct json_object *document, const char *key, const char *problem, const char *version)
{
    struct json_object *object = json_object_in(document, key);
    json_flag(object, "boots", problem == NULL);
    if (problem != NULL)
        json_text(object, "problem", problem);
    if (*version != '\0')
        json_text(object, "loader_version", version);
}

static void add_volume(struct json_object *document, const struct inspection *inspection)
{
    const struct fat *fat = &inspection->volume.files.fat;
    if (!inspection->volume.is_mounted)
        return;
    struct json_object *volume = json_object_in(document, "volume");
    json_number(volume, "offset", fat->start);
    json_number(volume, "size", fat->size);
    json_number(volume, "fat_bits", fat->bits);
    json_number(volume, "cluster_size", fat->cluster_size);
    json_number(volume, "clusters", fat->cluster_count);
    json_number(volume, "free_clusters", inspection->free_clusters);
    if (inspection->tree_error.status != STATUS_OK)
        json_text(volume, "problem", inspection->tree_error.text);
    struct json_object *array = json_array_in(volume, "files");
    for (size_t i = 0; i < inspection->file_count; i++) {
        const struct inspected_file *file = &inspection->list[i];
        struct json_object *object = json_object_append(array);
        json_text(object, "path", file->path);
        json_text(object, "type", file->directory ? "directory" : "file");
        if (file->directory)
            continue;
        json_number(object, "size", file->size);
        if (*file->sha256 != '\0')
            json_text(object, "sha256", file->sha256);
    }
}

static void add_text(struct json_object *object, const char *key, struct config_text text)
{
    char copy[CONFIG_COMMAND_LINE_MAX + 1];
    snprintf(copy, sizeof copy, "%.*s", (int)text.size, text.text != NULL ? text.text : "");
    json_text(object, key, copy);
}

static void add_config(struct json_object *document, const struct inspection *inspection)
{
    const struct config *config = &inspection->config.config;
    if (!inspection->volume.is_mounted)
        return;
    struct json_object *object = json_object_in(document, "configuration");
    json_flag(object, "present", inspection->config.text != NULL);
    if (inspection->config_error.status != STATUS_OK) {
        json_text(object, "problem", inspection->config_error.text);
        return;
    }
    add_text(object, "kernel", config->kernel);
    add_text(object, "command_line", config->command_line);
    if (config->ramdisk.size != 0)
        add_text(object, "ramdisk", config->ramdisk);
    struct json_object *modules = json_array_in(object, "modules");
    for (uint32_t i = 0; i < config->module_count; i++) {
        struct json_object *module = json_object_append(modules);
        add_text(module, "path", config->modules[i].path);
        add_text(module, "name", config->modules[i].name);
        add_text(module, "arguments", config->modules[i].arguments);
    }
}

static void add_kernel(struct json_object *document, const struct inspection *inspection)
{
    const struct kernel_plan *plan = &inspection->kernel;
    struct json_object *object = json_object_in(document, "kernel");
    struct named_wish wishes[WISH_COUNT];
    char text[32];
    if (inspection->kernel_error.status != STATUS_OK) {
        json_text(object, "problem", inspection->kernel_error.text);
        return;
    }
    kernel_protocol_name(plan, text, sizeof text);
    json_text(object, "protocol", text);
    json_number(object, "size", inspection->kernel_size);
    if (!kernel_has_wishes(plan)) {
        if (*inspection->linux_version != '\0')
            json_text(object, "version", inspection->linux_version);
        linux_add_json(object, plan);
        multiboot_add_json(object, plan);
        return;
    }
    json_flag(object, "relocatable", plan->elf.relocatable);
    json_address(object, "entry", plan->elf.entry);
    json_number(object, "segments", plan->elf.segment_count);
    json_number(object, "stack_size", plan->stack_size);
    json_flag(object, "aslr", plan->aslr);
    struct json_object *list = json_object_in(object, "wishes");
    wish_list(plan, wishes);
    for (size_t i = 0; i < WISH_COUNT; i++)
        json_text(list, wishes[i].key, wish_text(wishes[i].wish, text, sizeof text));
}

static void add_cd(struct json_object *document, const struct inspection *inspection)
{
    const struct iso_catalog *cd = &inspection->cd;
    const char *problem = inspection_cd_problem(inspection);
    if (!inspection->volume.is_cd)
        return;
    struct json_object *object = json_object_in(document, "cd");
    json_text(object, "volume_name", cd->volume_name);
    json_flag(object, "joliet", cd->joliet);
    if (problem != NULL)
        json_text(object, "problem", problem);
    struct json_object *array = json_array_in(object, "boot_catalog");
    for (uint32_t i = 0; i < cd->count; i++) {
        const struct iso_boot_entry *entry = &cd->entries[i];
        struct json_object *item = json_object_append(array);
        json_text(item, "platform", iso_platform_name(entry->platform));
        json_flag(item, "bootable", entry->bootable);
        json_number(item, "block", entry->block);
        json_number(item, "sectors", entry->sectors);
    }
}

void inspection_print_json(const struct inspection *inspection)
{
    struct json_object *document = json_document("inspect");
    const struct disk_image *image = &inspection->tables.files.image;
    json_text(document, "image", image->path);
    json_number(document, "size", image->block.size);
    json_number(document, "sector_size", image->block.sector_size);
    add_partitions(document, &inspection->tables);
    add_firmware(document, "bios", inspection_bios_problem(inspection), inspection->bios_version);
    add_firmware(document, "uefi", inspection_uefi_problem(inspection), inspection->uefi_version);
    add_cd(document, inspection);
    add_volume(document, inspection);
    add_config(document, inspection);
    add_kernel(document, inspection);
    json_finish(document);
}
