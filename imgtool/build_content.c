#include "build_content.h"

#include "image_pack.h"
#include "kernel_check.h"
#include "loader_files.h"
#include "output.h"
#include "ramdisk_join.h"
#include "zstd_decoder.h"

#include <stdlib.h>
#include <string.h>

#define UEFI_PATH "/EFI/BOOT/BOOTX64.EFI"
#define REST_LEAST                                                                                                     \
    4096u /* bytes that no boot reads: fewer, as the section headers of a stripped kernel, stay with it */

enum exit_code build_content_config(const struct build_options *options, struct image_config *config)
{
    struct image_module *lines = calloc(options->module_count + 1, sizeof *lines);
    if (lines == NULL)
        return failure_memory();
    for (size_t i = 0; i < options->module_count; i++)
        lines[i] = options->modules[i].line;
    struct image_config_wishes wishes = {
        .config_file = options->config_file,
        .command_line = options->command_line,
        .ramdisk = options->ramdisk_count != 0,
        .efi_stub = options->efi_stub,
        .compressed = options->compress.method != 0,
        .modules = lines,
        .module_count = options->module_count,
    };
    enum exit_code code = image_config_make(&wishes, config);
    free(lines);
    return code;
}

static enum exit_code add_ramdisks(const struct build_options *options, const struct image_config *config,
                                   struct image_content *content)
{
    struct host_file joined;
    enum exit_code code = ramdisk_join(options->ramdisks, options->ramdisk_count, &joined);
    return code == EXIT_OK ? image_content_add_open(content, &joined, config->ramdisk_path) : code;
}

enum exit_code build_content_collect(const struct build_options *options, const struct image_config *config,
                                     struct span uefi_loader, struct image_content *content)
{
    struct span text = {(const uint8_t *)config->text, config->size};
    enum exit_code code = EXIT_OK;
    if (text.data != NULL)
        code = image_content_add_bytes(content, text, CONFIG_PATH);
    if (code == EXIT_OK)
        code = image_content_add_file(content, options->kernel, config->kernel_path);
    if (code == EXIT_OK && options->ramdisk_count != 0)
        code = add_ramdisks(options, config, content);
    for (size_t i = 0; i < options->module_count && code == EXIT_OK; i++)
        code = image_content_add_file(content, options->modules[i].source, options->modules[i].line.path);
    if (code == EXIT_OK &&
        options->compress.method == PACKED_ZSTD) /* the loaders have only the decoder of lz4 in them */
        code = image_content_add_bytes(content, loader_zstd(), ZSTD_DECODER_PATH);
    if (code == EXIT_OK && uefi_loader.data != NULL)
        code = image_content_add_bytes(content, uefi_loader, UEFI_PATH);
    for (size_t i = 0; i < options->file_count && code == EXIT_OK; i++)
        code = image_content_add_file(content, options->files[i].source, options->files[i].path);
    return code;
}

const struct host_file *build_content_kernel(const struct image_config *config, const struct image_content *content)
{
    return &image_content_find(content, config->kernel_path, strlen(config->kernel_path))->file;
}

/* What the configuration names must be there, and not be empty: the loader opens it before it boots. */
static enum exit_code find_payload(const struct image_content *content, struct config_text path, const char *key,
                                   uint64_t *size)
{
    const struct image_item *item = image_content_find(content, path.text, path.size);
    if (item == NULL)
        return failure(EXIT_INPUT_REJECTED,
                       "the configuration's %s %.*s is not in the image; add it with --file SRC:%.*s", key,
                       (int)path.size, path.text, (int)path.size, path.text);
    *size = image_item_size(item);
    if (*size == 0)
        return failure(EXIT_INPUT_REJECTED, "%s: the %s is empty (error %d)",
                       item->bytes.data != NULL ? item->path : item->file.path, key, STATUS_FILE_EMPTY);
    return EXIT_OK;
}

enum exit_code build_content_check(const struct build_options *options, const struct image_config *made,
                                   const struct image_content *content)
{
    const struct config *config = &made->config;
    struct kernel_check check = {.kernel = build_content_kernel(made, content),
                                 .config = config,
                                 .without_bios = !options->bios,
                                 .without_uefi = !options->uefi};
    enum exit_code code = EXIT_OK;
    if (config->ramdisk.size > 0)
        code = find_payload(content, config->ramdisk, "ramdisk", &check.ramdisk_size);
    for (uint32_t i = 0; i < config->module_count && code == EXIT_OK; i++)
        code = find_payload(content, config->modules[i].path, "module", &check.module_sizes[i]);
    return code == EXIT_OK ? kernel_check(&check) : code;
}

enum exit_code build_content_compress(const struct build_options *options, const struct image_config *config,
                                      struct image_content *content)
{
    const struct pack_options *wish = &options->compress;
    return wish->method != 0 ? image_pack(content, &config->config, wish) : EXIT_OK;
}

void build_content_part_kernel(const struct image_config *config, struct image_content *content)
{
    const struct image_item *kernel = image_content_find(content, config->kernel_path, strlen(config->kernel_path));
    uint64_t head = kernel->packed ? kernel->file.size : kernel_check_head(&kernel->file);
    if (kernel->file.size - head >= REST_LEAST)
        image_content_part(content, kernel, head);
}

static enum exit_code open_input(const char *path, struct build_inputs *inputs)
{
    struct host_file *file = &inputs->opened[inputs->opened_count];
    enum exit_code code = host_file_open(file, path);
    if (code == EXIT_OK) {
        inputs->opened_count++;
        inputs->list[inputs->count++] = file;
    }
    return code;
}

enum exit_code build_inputs_open(const struct build_options *options, const struct image_content *content,
                                 struct build_inputs *inputs)
{
    size_t room = options->ramdisk_count + 1;
    *inputs = (struct build_inputs){
        .list = calloc(content->count + options->partition_count + room, sizeof(struct host_file *)),
        .opened = calloc(room, sizeof *inputs->opened),
    };
    if (inputs->list == NULL || inputs->opened == NULL)
        return failure_memory();
    for (uint32_t i = 0; i < content->count; i++)
        if (content->items[i].bytes.data == NULL)
            inputs->list[inputs->count++] = &content->items[i].file;
    for (size_t i = 0; i < options->partition_count; i++)
        inputs->list[inputs->count++] = &options->partitions[i].file;
    enum exit_code code = options->config_file != NULL ? open_input(options->config_file, inputs) : EXIT_OK;
    for (size_t i = 0; i < options->ramdisk_count && code == EXIT_OK; i++)
        code = open_input(options->ramdisks[i], inputs);
    return code;
}

void build_inputs_close(struct build_inputs *inputs)
{
    for (size_t i = 0; i < inputs->opened_count; i++)
        host_file_close(&inputs->opened[i]);
    free(inputs->opened);
    free(inputs->list);
    *inputs = (struct build_inputs){0};
}

enum exit_code build_content_check_output(const struct build_options *options, const struct image_content *content)
{
    struct build_inputs inputs;
    enum exit_code code = build_inputs_open(options, content, &inputs);
    if (code == EXIT_OK)
        code = output_check(options->output, options->force, inputs.list, inputs.count);
    build_inputs_close(&inputs);
    return code;
}
