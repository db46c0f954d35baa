/* imgtool build-image: from a kernel to a disk image. All is read and planned, then the plan is written. */
#include "build_content.h"
#include "cli.h"
#include "image_write.h"
#include "loader_files.h"
#include "output.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>

struct build {
    struct build_options options;
    struct image_config config;
    struct image_content content;
    struct image_plan plan;
};

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
        code = build_content_config(&build->options, &build->config);
    if (code == EXIT_OK)
        code = build_content_collect(&build->options, &build->config, loader_uefi(), &build->content);
    if (code == EXIT_OK)
        code = build_content_check(&build->config, &build->content);
    if (code == EXIT_OK)
        code = plan_layout(build);
    return code == EXIT_OK ? derive_ids(build) : code;
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
    struct build build = {0};
    enum exit_code code = build_options_take(context, ".img", false, &build.options);
    if (code == EXIT_OK)
        code = make_plan(&build);
    if (code == EXIT_OK)
        code = build_content_check_output(&build.options, &build.content);
    if (code == EXIT_OK)
        code = write_output(&build);
    if (code == EXIT_OK)
        report(&build);
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
