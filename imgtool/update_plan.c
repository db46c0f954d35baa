#include "update.h"

#include "boot_config.h"
#include "cli.h"
#include "config_edit.h"
#include "iso_read.h"
#include "loader_files.h"
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#define RAMDISK_PATH "/ramdisk"
#define COMPARE_SIZE (1u << 20)

/* --- the new configuration ---------------------------------------------------------------------------------------- */

static void warn(void *context, const char *text)
{
    (void)context;
    cli_warn("%s", text);
}

/* `told`: what it warns of has been said. */
static enum exit_code parse(const struct update *update, const char *text, size_t size, bool told,
                            struct config *config)
{
    struct error error;
    struct span span = {(const uint8_t *)text, size};
    config_defaults(config);
    if (size == 0 || config_parse(span, config, update->options.config_file != NULL && !told ? warn : NULL, NULL,
                                  &error) == STATUS_OK)
        return EXIT_OK;
    return failure(EXIT_INPUT_REJECTED, "%s: %s (error %d)",
                   update->options.config_file != NULL ? update->options.config_file : update->options.image,
                   error.text, (int)error.status);
}

/* The text to start from: the user's, or what is on the volume. */
static enum exit_code read_config(struct update *update, char **text, size_t *size)
{
    if (update->options.config_file != NULL) {
        struct image_config file = {0};
        enum exit_code code = image_config_read(update->options.config_file, &file);
        *text = file.text;
        *size = file.size;
        return code;
    }
    struct boot_config_file file;
    struct error error;
    enum status status = boot_config_read(&update->files->fat, &file, NULL, NULL, &error);
    *text = file.text;
    *size = file.size;
    return status == STATUS_OK ? EXIT_OK : disk_image_failure(&update->files->image, &error);
}

/* Fills in `config`, which points into *text. */
static enum exit_code make_config(struct update *update, char **text, size_t *size, struct config *config)
{
    const struct update_options *options = &update->options;
    enum exit_code code = read_config(update, text, size);
    if (code == EXIT_OK)
        code = parse(update, *text, *size, false, config);
    if (code == EXIT_OK && options->ramdisk != NULL && config->ramdisk.size == 0)
        code = config_edit_set(text, size, "ramdisk", RAMDISK_PATH);
    if (code == EXIT_OK && options->command_line != NULL)
        code = config_edit_set(text, size, "cmdline", options->command_line);
    if (code == EXIT_OK)
        code = parse(update, *text, *size, true, config);
    bool given = options->config_file != NULL || options->command_line != NULL || options->ramdisk != NULL;
    update->config_text = *text;
    update->config_given = given && *text != NULL;
    update->config_size = update->config_given ? *size : 0;
    return code;
}

/* --- the files that are given ------------------------------------------------------------------------------------- */

static enum exit_code add_named(struct update *update, const char *source, struct config_text path)
{
    char text[CONFIG_PATH_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)path.size, path.text);
    return image_content_add_file(&update->content, source, text);
}

static bool volume_has(struct update *update, const char *path)
{
    struct fat_file file;
    struct error ignored;
    return fat_open(&update->files->fat, path, &file, &ignored) == STATUS_OK;
}

static enum exit_code collect(struct update *update, const struct config *config)
{
    const struct update_options *options = &update->options;
    struct image_content *content = &update->content;
    struct span text = {(const uint8_t *)update->config_text, update->config_size};
    enum exit_code code = EXIT_OK;
    update->uefi = volume_has(update, UPDATE_UEFI_PATH);
    if (options->kernel != NULL)
        code = add_named(update, options->kernel, config->kernel);
    if (code == EXIT_OK && options->loader && update->uefi)
        code = image_content_add_bytes(content, loader_uefi(), UPDATE_UEFI_PATH);
    if (code == EXIT_OK && update->config_given)
        code = image_content_add_bytes(content, text, CONFIG_PATH);
    if (code == EXIT_OK && options->ramdisk != NULL)
        code = add_named(update, options->ramdisk, config->ramdisk);
    for (size_t i = 0; i < options->file_count && code == EXIT_OK; i++)
        code = image_content_add_file(content, options->files[i].source, options->files[i].path);
    return code;
}

static bool equal_piece(const struct image_item *item, struct fat_file *there, uint64_t offset, uint64_t size,
                        uint8_t *buffer)
{
    struct error ignored;
    const uint8_t *ours = item->bytes.data != NULL ? item->bytes.data + offset : buffer;
    if (item->bytes.data == NULL && host_file_read(&item->file, offset, size, buffer) != EXIT_OK)
        return false; /* told; copying will fail, too */
    return fat_read(there, offset, size, buffer + COMPARE_SIZE, &ignored) == STATUS_OK &&
           memcmp(ours, buffer + COMPARE_SIZE, size) == 0;
}

/* Does the volume have these very bytes already? */
static enum exit_code compare(struct update *update, const struct image_item *item, bool *equal)
{
    struct fat_file there;
    struct error ignored;
    uint64_t size = image_item_size(item);
    *equal = fat_open(&update->files->fat, item->path, &there, &ignored) == STATUS_OK && there.size == size &&
             (there.attributes & FAT_ATTRIBUTE_DIRECTORY) == 0;
    uint8_t *buffer = malloc(2ull * COMPARE_SIZE);
    if (buffer == NULL)
        return failure_memory();
    for (uint64_t at = 0; at < size && *equal; at += COMPARE_SIZE)
        *equal = equal_piece(item, &there, at, size - at < COMPARE_SIZE ? size - at : COMPARE_SIZE, buffer);
    free(buffer);
    return EXIT_OK;
}

/* Writes for a file's bytes, run by run; the last cluster is filled up with zeroes. */
static enum exit_code write_item(struct update *update, const struct image_item *item, uint32_t first)
{
    const struct fat_map *map = &update->map;
    uint64_t cluster_size = map->fat->cluster_size, at = 0;
    enum exit_code code = EXIT_OK;
    for (uint32_t cluster = first; cluster != 0 && code == EXIT_OK;) {
        uint64_t offset = fat_map_offset(map, cluster), size = cluster_size;
        uint32_t next = fat_map_next(map, cluster);
        for (; next == cluster + 1; next = fat_map_next(map, cluster)) {
            cluster = next;
            size += cluster_size;
        }
        if (item->bytes.data == NULL) {
            code = changes_add_file(&update->changes, FAT_COMMIT_PREPARE, offset, size, &item->file, at);
        } else {
            uint64_t given = item->bytes.size - at < size ? item->bytes.size - at : size;
            uint8_t *bytes = calloc(1, size);
            if (bytes == NULL)
                return failure_memory();
            memcpy(bytes, item->bytes.data + at, given);
            code = changes_add(&update->changes, FAT_COMMIT_PREPARE, offset, bytes, size);
            free(bytes);
        }
        at += size;
        cluster = next;
    }
    return code;
}

static enum exit_code put_item(struct update *update, uint32_t index)
{
    const struct image_item *item = &update->content.items[index];
    uint64_t size = image_item_size(item), cluster_size = update->map.fat->cluster_size;
    bool equal = false, added = false;
    uint32_t first = 0;
    enum exit_code code = compare(update, item, &equal);
    if (code != EXIT_OK || equal)
        return code;
    code = fat_map_allocate(&update->map, (uint32_t)((size + cluster_size - 1) / cluster_size), &first);
    if (code == EXIT_OK)
        code = fat_directories_put(&update->directories, item->path, first, (uint32_t)size, &added);
    update->actions[index] = added ? UPDATE_ADDED : UPDATE_REPLACED;
    return code == EXIT_OK ? write_item(update, item, first) : code;
}

/* What is gone already need not stop a second try. */
static enum exit_code remove_file(struct update *update, size_t index)
{
    bool *removed = &update->removed[index];
    enum exit_code code = fat_directories_remove(&update->directories, update->options.removals[index], removed);
    if (code == EXIT_OK && !*removed)
        cli_warn("%s: has no file %s to be removed", update->options.image, update->options.removals[index]);
    return code;
}

static enum exit_code plan_files(struct update *update)
{
    update->actions = calloc(update->content.count + 1u, sizeof *update->actions);
    update->removed = calloc(update->options.removal_count + 1, sizeof *update->removed);
    enum exit_code code = update->actions != NULL && update->removed != NULL ? EXIT_OK : failure_memory();
    for (size_t i = 0; i < update->options.removal_count && code == EXIT_OK; i++)
        code = remove_file(update, i);
    for (uint32_t i = 0; i < update->content.count && code == EXIT_OK; i++)
        code = put_item(update, i);
    if (code == EXIT_OK)
        code = fat_commit_plan(&update->directories, &update->loader_switch, &update->changes, &update->undo);
    return code;
}

/* --- the result, before it is there ------------------------------------------------------------------------------- */

static enum exit_code refuse(const struct update *update, const struct finding *finding)
{
    const struct update_options *options = &update->options;
    bool kernel = strcmp(finding->structure, "kernel") == 0 && options->kernel != NULL;
    if (kernel)
        return failure(EXIT_INPUT_REJECTED, "%s: %s", options->kernel, finding->text);
    return failure(EXIT_INPUT_REJECTED, "%s would not boot after this: %s %s", options->image, finding->structure,
                   finding->text);
}

/* Reads the image as it would become: the loader's own code looks at its files and stages, and verify at its
 * structures. */
static enum exit_code check_result(struct update *update)
{
    static struct verify verify;                     /* several KiB */
    struct changed_block prepared, switched, result; /* in the order of the writes: a boot sector may be in two */
    memset(&verify, 0, sizeof verify);
    changed_block_init(&prepared, &update->files->image.block, &update->loader_prepare);
    changed_block_init(&switched, &prepared.block, &update->loader_switch);
    changed_block_init(&result, &switched.block, &update->changes);
    verify.files.image = update->files->image;
    verify.files.image.block = result.block;
    verify.files.table = update->files->table;
    verify.has_table = true;
    if (update->loader_switch.count > 0)
        verify_bios_loader(&verify);
    verify_volume(&verify);
    if (verify.is_mounted) {
        verify_tree(&verify);
        verify_payload(&verify);
    }
    enum exit_code code = verify.findings.count == 0 ? EXIT_OK : refuse(update, &verify.findings.list[0]);
    if (code == EXIT_OK)
        code = update_plan_iso(update, &verify.files);
    findings_free(&verify.findings);
    findings_free(&verify.warnings);
    return code;
}

static enum exit_code plan_loader(struct update *update)
{
    struct boot_files *files = update->files;
    struct loader_disk disk = {
        .block = &files->image.block,
        .table = &files->table,
        .name = files->image.path,
        .is_cd = iso_is_there(&files->image.block),
    };
    enum exit_code code = disk.is_cd ? update_iso_end(files, &disk.cd_end) : EXIT_OK;
    if (code == EXIT_OK)
        code = loader_update_plan(&disk, &update->loader_prepare, &update->loader_switch, &update->bios);
    if (code == EXIT_OK && update->bios == LOADER_ABSENT && !update->uefi)
        code = failure(EXIT_INPUT_REJECTED, "%s: has no loader of ours to be replaced; make an image with build-image",
                       files->image.path);
    return code;
}

enum exit_code update_plan(struct update *update)
{
    struct config config;
    char *text = NULL;
    size_t size = 0;
    if (update->files->table.from_backup)
        return failure(EXIT_INPUT_REJECTED, "%s: its primary GPT is damaged; 'sgdisk -v' and 'gdisk' repair it",
                       update->files->image.path);
    update->directories.stamp = fat_stamp_make(update->options.time);
    enum exit_code code = image_content_init(&update->content);
    if (code == EXIT_OK)
        code = make_config(update, &text, &size, &config);
    if (code == EXIT_OK)
        code = collect(update, &config);
    if (code == EXIT_OK)
        code = fat_map_load(&update->map, &update->files->fat);
    if (code == EXIT_OK)
        code = fat_directories_load(&update->directories, &update->map, update->files->image.path);
    if (code == EXIT_OK && update->options.loader)
        code = plan_loader(update);
    if (code == EXIT_OK)
        code = plan_files(update);
    if (code == EXIT_OK)
        code = check_result(update);
    return code;
}
