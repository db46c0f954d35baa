/* imgtool build-image: from a kernel to a disk image. All is read and planned, then the plan is written. */
#include "build_options.h"
#include "cli.h"
#include "image_write.h"
#include "kernel_check.h"
#include "loader_files.h"
#include "output.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>

#define UEFI_PATH "/EFI/BOOT/BOOTX64.EFI"

struct build {
    struct build_options options;
    struct image_config config;
    struct image_content content;
    struct image_plan plan;
    struct host_file config_input; /* only to tell it from the output */
};

static enum exit_code make_config(struct build *build)
{
    const struct build_options *options = &build->options;
    struct image_module *lines = calloc(options->module_count + 1, sizeof *lines);
    if (lines == NULL)
        return failure_memory();
    for (size_t i = 0; i < options->module_count; i++)
        lines[i] = options->modules[i].line;
    struct image_config_wishes wishes = {
        .config_file = options->config_file,
        .command_line = options->command_line,
        .ramdisk = options->ramdisk != NULL,
        .modules = lines,
        .module_count = options->module_count,
    };
    enum exit_code code = image_config_make(&wishes, &build->config);
    free(lines);
    return code;
}

/* Everything that goes onto the volume, in the order in which it will lie there: what is read first stands first. */
static enum exit_code collect_content(struct build *build)
{
    const struct build_options *options = &build->options;
    struct image_content *content = &build->content;
    struct span text = {(const uint8_t *)build->config.text, build->config.size};
    enum exit_code code = image_content_add_file(content, options->kernel, build->config.kernel_path);
    if (code == EXIT_OK)
        code = image_content_add_bytes(content, loader_uefi(), UEFI_PATH);
    if (code == EXIT_OK && text.data != NULL)
        code = image_content_add_bytes(content, text, CONFIG_PATH);
    if (code == EXIT_OK && options->ramdisk != NULL)
        code = image_content_add_file(content, options->ramdisk, build->config.ramdisk_path);
    for (size_t i = 0; i < options->module_count && code == EXIT_OK; i++)
        code = image_content_add_file(content, options->modules[i].source, options->modules[i].line.path);
    for (size_t i = 0; i < options->file_count && code == EXIT_OK; i++)
        code = image_content_add_file(content, options->files[i].source, options->files[i].path);
    return code;
}

/* What the configuration names must be there, and not be empty: the loader opens it before it boots. */
static enum exit_code find_payload(const struct build *build, struct config_text path, const char *key, uint64_t *size)
{
    const struct image_item *item = image_content_find(&build->content, path.text, path.size);
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

static enum exit_code check_like_loader(const struct build *build)
{
    const struct config *config = &build->config.config;
    struct kernel_check check = {.kernel = &build->content.items[0].file, .config = config};
    enum exit_code code = EXIT_OK;
    if (config->ramdisk.size > 0)
        code = find_payload(build, config->ramdisk, "ramdisk", &check.ramdisk_size);
    for (uint32_t i = 0; i < config->module_count && code == EXIT_OK; i++)
        code = find_payload(build, config->modules[i].path, "module", &check.module_sizes[i]);
    return code == EXIT_OK ? kernel_check(&check) : code;
}

static enum exit_code plan_layout(struct build *build)
{
    struct image_plan *plan = &build->plan;
    const struct build_options *options = &build->options;
    uint64_t sectors = options->size / LAYOUT_SECTOR_SIZE, room = 0;
    if (sectors != 0) {
        room = layout_esp_room(options->table, sectors);
        if (room == 0)
            return failure(EXIT_INPUT_REJECTED, "--size: an image has at least 4 MiB with GPT, 2 MiB with MBR");
    }
    enum exit_code code =
        fat_geometry_make(&build->content.tree, options->fat_bits, room, LAYOUT_ALIGNMENT, &plan->geometry);
    if (code != EXIT_OK)
        return code;
    return layout_make(options->table, sectors, plan->geometry.sectors, loader_stages().size / LAYOUT_SECTOR_SIZE,
                       &plan->layout);
}

/* The text that the ids come from: all that makes this image different, but no name of a host directory. */
static enum exit_code derive_ids(struct build *build)
{
    char *recipe = NULL;
    size_t size = 0;
    const struct layout *layout = &build->plan.layout;
    FILE *text = open_memstream(&recipe, &size);
    if (text == NULL)
        return failure_memory();
    fprintf(text, "seed %s\ntable %d\nfat %u\nsectors %lu\n", build->options.seed, (int)layout->table,
            build->plan.geometry.bits, layout->sectors);
    for (uint32_t i = 0; i < build->content.count; i++)
        fprintf(text, "%s %lu\n", build->content.items[i].path, image_item_size(&build->content.items[i]));
    fwrite(build->config.text, 1, build->config.size, text);
    enum exit_code code = fclose(text) != 0 ? failure_memory()
                                            : ids_derive(&build->content.items[0].file, recipe, size, &build->plan.ids);
    free(recipe);
    return code;
}

static enum exit_code make_plan(struct build *build)
{
    build->plan.content = &build->content;
    build->plan.stamp = fat_stamp_make(build->options.time);
    enum exit_code code = image_content_init(&build->content);
    if (code == EXIT_OK)
        code = make_config(build);
    if (code == EXIT_OK)
        code = collect_content(build);
    if (code == EXIT_OK)
        code = check_like_loader(build);
    if (code == EXIT_OK)
        code = plan_layout(build);
    return code == EXIT_OK ? derive_ids(build) : code;
}

static enum exit_code check_output(struct build *build)
{
    const struct host_file **inputs = calloc(build->content.count + 1u, sizeof *inputs);
    size_t count = 0;
    if (inputs == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    if (build->options.config_file != NULL) {
        code = host_file_open(&build->config_input, build->options.config_file);
        inputs[count++] = &build->config_input;
    }
    for (uint32_t i = 0; i < build->content.count; i++)
        if (build->content.items[i].bytes.data == NULL)
            inputs[count++] = &build->content.items[i].file;
    if (code == EXIT_OK)
        code = output_check(build->options.output, build->options.force, inputs, count);
    free(inputs);
    return code;
}

static enum exit_code write_output(const struct build *build)
{
    struct output output;
    const char *name = build->options.output;
    enum exit_code code = output_begin(&output, name, build->plan.layout.sectors * LAYOUT_SECTOR_SIZE);
    if (code == EXIT_OK)
        code = image_write(&build->plan, output.fd, name);
    if (code == EXIT_OK)
        code = image_check(&build->plan, output.fd, name);
    if (code == EXIT_OK)
        code = output_commit(&output);
    output_end(&output);
    return code;
}

static void print_extent(const char *what, struct layout_extent extent)
{
    char size[32];
    if (extent.count != 0)
        printf("  %-22s sectors %9lu to %9lu  %s\n", what, extent.first, extent.first + extent.count - 1,
               size_text(extent.count * LAYOUT_SECTOR_SIZE, size, sizeof size));
}

static void print_plan(const struct build *build)
{
    const struct layout *layout = &build->plan.layout;
    const struct fat_geometry *geometry = &build->plan.geometry;
    print_extent("master boot record", layout->mbr);
    print_extent("GPT header", layout->primary_header);
    print_extent("GPT entries", layout->primary_entries);
    print_extent("BIOS boot partition", layout->bios_partition);
    print_extent("loader stages", layout->stages);
    print_extent("FAT volume", layout->esp);
    print_extent("backup GPT entries", layout->backup_entries);
    print_extent("backup GPT header", layout->backup_header);
    printf("  FAT%u, %u clusters of %u bytes, %u in use\n", geometry->bits, geometry->cluster_count,
           geometry->sectors_per_cluster * FAT_SECTOR_SIZE, geometry->used_clusters);
    for (uint32_t i = 0; i < build->content.count; i++)
        printf("  %10lu bytes  %s\n", image_item_size(&build->content.items[i]), build->content.items[i].path);
}

static void report(const struct build *build)
{
    char size[32];
    if (build->options.quiet)
        return;
    printf("%s: %s, %s, FAT%u\n", build->options.output,
           size_text(build->plan.layout.sectors * LAYOUT_SECTOR_SIZE, size, sizeof size),
           build->options.table == LAYOUT_GPT ? "GPT" : "MBR", build->plan.geometry.bits);
    if (build->options.verbose)
        print_plan(build);
    else
        printf("next: imgtool run %s\n", build->options.output);
}

static int run(poptContext context)
{
    struct build build = {.config_input = {.fd = -1}};
    enum exit_code code = build_options_take(context, &build.options);
    if (code == EXIT_OK)
        code = make_plan(&build);
    if (code == EXIT_OK)
        code = check_output(&build);
    if (code == EXIT_OK)
        code = write_output(&build);
    if (code == EXIT_OK)
        report(&build);
    host_file_close(&build.config_input);
    fat_geometry_free(&build.plan.geometry);
    image_content_free(&build.content);
    image_config_free(&build.config);
    build_options_free(&build.options);
    return code;
}

const struct command command_build_image = {
    .name = "build-image",
    .arguments = "KERNEL",
    .summary = "make a disk image that boots KERNEL under BIOS and UEFI",
    .examples = "imgtool build-image kernel.elf\n"
                "imgtool build-image kernel.elf -o disk.img --ramdisk initrd.cpio --cmdline 'root=/dev/ram0 verbose'\n"
                "imgtool build-image kernel.elf --table mbr --fat 16 --file init.conf:/etc/init.conf\n",
    .options = build_options_table,
    .run = run,
};
