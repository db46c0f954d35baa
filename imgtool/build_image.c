/* imgtool build-image: from a kernel to a disk image. All is read and planned, then the plan is written. */
#include "build_content.h"
#include "cli.h"
#include "image_iso.h"
#include "image_write.h"
#include "iso_write.h"
#include "loader_files.h"
#include "next_step.h"
#include "output.h"
#include "progress.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>

struct build {
    struct build_options options;
    struct image_config config;
    struct image_content content;
    struct iso_tree iso; /* of a CD */
    struct image_plan plan;
};

#define CD_FAT16_MAX (1900ull << 20) /* bytes of files or image: FAT16 ends at 2 GiB */

static enum exit_code open_partitions(struct build *build, uint64_t *sectors)
{
    enum exit_code code = EXIT_OK;
    for (size_t i = 0; i < build->options.partition_count && code == EXIT_OK; i++) {
        struct image_partition *partition = &build->options.partitions[i];
        code = image_partition_open(partition);
        sectors[i] = partition->file.size / LAYOUT_SECTOR_SIZE + (partition->file.size % LAYOUT_SECTOR_SIZE != 0);
    }
    return code;
}

/* Clusters on a CD have a block of it at least, so that the CD's directories can name the same extents; FAT32 would
 * make it 130 MiB big. */
static uint32_t choose_fat(const struct build_options *options, const struct fat_tree *tree)
{
    uint64_t bytes = options->size;
    for (uint32_t i = 0; i < tree->count && bytes <= CD_FAT16_MAX; i++)
        bytes += tree->nodes[i].size;
    if (options->fat_bits != 0)
        return options->fat_bits;
    return options->iso && bytes <= CD_FAT16_MAX ? 16 : 32;
}

static enum exit_code plan_geometry(struct build *build, const struct layout_wishes *layout, uint64_t room)
{
    const struct build_options *options = &build->options;
    bool stages_inside = options->table == LAYOUT_NONE && options->bios;
    struct fat_geometry_wishes wishes = {
        .bits = choose_fat(options, &build->content.tree),
        .sectors = room,
        .granularity = LAYOUT_ALIGNMENT,
        .boot_sectors = stages_inside ? LAYOUT_VOLUME_STAGES + (uint32_t)layout->stages_sectors : 0,
        .boot_spacious = stages_inside ? LAYOUT_VOLUME_SPACIOUS : 0,
        .cluster_least = options->iso ? ISO_BLOCK_SECTORS : 0,
    };
    if (!options->uefi)
        build->plan.volume_type = partition_type_data(wishes.bits);
    return fat_geometry_make(&build->content.tree, &wishes, &build->plan.geometry);
}

static enum exit_code plan_iso(struct build *build, struct layout_wishes *wishes)
{
    if (!build->options.iso)
        return EXIT_OK;
    enum exit_code code = image_iso_plan(&build->content.tree, &build->iso);
    if (code != EXIT_OK)
        return code;
    wishes->iso_sectors = iso_area_size(&build->iso) / LAYOUT_SECTOR_SIZE;
    build->plan.iso = &build->iso;
    build->plan.time = build->options.time;
    return EXIT_OK;
}

static enum exit_code plan_layout(struct build *build)
{
    struct image_plan *plan = &build->plan;
    const struct build_options *options = &build->options;
    uint64_t extra[LAYOUT_EXTRA_MAX], room = 0;
    struct layout_wishes wishes = {
        .table = options->table,
        .sectors = options->size / LAYOUT_SECTOR_SIZE,
        .stages_sectors = options->bios ? loader_stages().size / LAYOUT_SECTOR_SIZE : 0,
        .extra_sectors = extra,
        .extra_count = (uint32_t)options->partition_count,
    };
    enum exit_code code = open_partitions(build, extra);
    if (code == EXIT_OK)
        code = plan_iso(build, &wishes);
    if (code != EXIT_OK)
        return code;
    if (wishes.sectors != 0) {
        room = layout_esp_room(&wishes);
        if (room == 0)
            return failure(EXIT_INPUT_REJECTED, "--size: an image has at least 4 MiB with GPT, 2 MiB with MBR%s",
                           options->partition_count != 0 ? ", besides the further partitions" : "");
    }
    code = plan_geometry(build, &wishes, room);
    return code == EXIT_OK ? layout_make(&wishes, plan->geometry.sectors, &plan->layout) : code;
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
    if (!build->options.bios || !build->options.uefi)
        fprintf(text, "only %s\n", build->options.bios ? "bios" : "uefi");
    if (build->options.iso)
        fprintf(text, "iso\n");
    for (size_t i = 0; i < build->options.partition_count; i++)
        fprintf(text, "partition %lu %s %s\n", build->options.partitions[i].file.size,
                build->options.partitions[i].type_word, build->options.partitions[i].name_text);
    fwrite(build->config.text, 1, build->config.size, text);
    enum exit_code code = fclose(text) != 0 ? failure_memory()
                                            : ids_derive(build_content_kernel(&build->config, &build->content), recipe,
                                                         size, &build->plan.ids);
    free(recipe);
    return code;
}

static enum exit_code make_plan(struct build *build)
{
    const struct build_options *options = &build->options;
    struct span uefi_loader = options->uefi ? loader_uefi() : (struct span){0};
    build->plan.content = &build->content;
    build->plan.stamp = fat_stamp_make(options->time);
    build->plan.partitions = options->partitions;
    build->plan.uefi = options->uefi;
    if (options->uefi)
        partition_type_take("esp", options->table, &build->plan.volume_type);
    build->plan.protective_slot = options->protective_slot;
    build->plan.protective_active = options->protective_active;
    enum exit_code code = image_content_init(&build->content);
    if (code == EXIT_OK)
        code = build_content_config(&build->options, &build->config);
    if (code == EXIT_OK)
        code = build_content_collect(options, &build->config, uefi_loader, &build->content);
    if (code == EXIT_OK)
        code = build_content_check(&build->options, &build->config, &build->content);
    if (code == EXIT_OK)
        code = build_content_compress(options, &build->config, &build->content);
    if (code == EXIT_OK && !options->iso) /* a CD's directories have each file in one piece */
        build_content_part_kernel(&build->config, &build->content);
    if (code == EXIT_OK)
        code = plan_layout(build);
    return code == EXIT_OK ? derive_ids(build) : code;
}

/* What is copied: the rest of an image is small, or empty. */
static uint64_t content_size(const struct build *build)
{
    uint64_t size = image_content_size(&build->content);
    for (size_t i = 0; i < build->options.partition_count; i++)
        size += build->options.partitions[i].file.size;
    return size;
}

static enum exit_code write_output(const struct build *build)
{
    struct output output;
    const char *name = build->options.output;
    enum exit_code code = output_begin(&output, name, build->plan.layout.sectors * LAYOUT_SECTOR_SIZE);
    progress_begin("writing", content_size(build));
    if (code == EXIT_OK)
        code = image_write(&build->plan, output.fd, name);
    progress_end();
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
    print_extent("CD directories", layout->iso);
    print_extent("BIOS boot partition", layout->bios_partition);
    print_extent("loader stages", layout->stages);
    print_extent("FAT volume", layout->esp);
    for (uint32_t i = 0; i < layout->extra_count; i++)
        print_extent(build->options.partitions[i].source, layout->extra[i]);
    print_extent("backup GPT entries", layout->backup_entries);
    print_extent("backup GPT header", layout->backup_header);
    printf("  FAT%u, %u clusters of %u bytes, %u in use\n", geometry->bits, geometry->cluster_count,
           geometry->sectors_per_cluster * FAT_SECTOR_SIZE, geometry->used_clusters);
    for (uint32_t i = 0; i < build->content.count; i++)
        printf("  %10lu bytes  %s\n", image_item_size(&build->content.items[i]), build->content.items[i].path);
}

static void report(const struct build *build)
{
    static const char *const table_names[] = {
        [LAYOUT_GPT] = "GPT", [LAYOUT_MBR] = "MBR", [LAYOUT_NONE] = "no partitions"};
    char size[32];
    if (build->options.quiet)
        return;
    printf("%s: %s, %s%s, FAT%u\n", build->options.output,
           size_text(build->plan.layout.sectors * LAYOUT_SECTOR_SIZE, size, sizeof size),
           build->options.iso ? "CD and disk, " : "", table_names[build->options.table], build->plan.geometry.bits);
    if (build->options.verbose)
        print_plan(build);
    else
        next_step_print(NULL, build->options.output, build->options.bios ? NULL : "--firmware=uefi");
}

static int run(poptContext context)
{
    struct build build = {0};
    enum exit_code code = build_options_take(context, ".img", false, &build.options);
    if (build.options.quiet)
        progress_silence();
    if (code == EXIT_OK)
        code = make_plan(&build);
    if (code == EXIT_OK)
        code = build_content_check_output(&build.options, &build.content);
    if (code == EXIT_OK)
        code = write_output(&build);
    if (code == EXIT_OK)
        report(&build);
    fat_geometry_free(&build.plan.geometry);
    iso_tree_free(&build.iso);
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
                "imgtool build-image kernel.elf --table mbr --fat 16 --file init.conf:/etc/init.conf\n"
                "imgtool build-image kernel.elf --only bios --partition root.ext4:linux\n"
                "imgtool build-image kernel.elf --only uefi --partition root.ext4:linux:root\n"
                "imgtool build-image kernel.elf --format fat -o volume.img\n",
    .options = build_options_table,
    .run = run,
};

static int run_iso(poptContext context)
{
    build_options_want_iso();
    return run(context);
}

const struct command command_build_iso = {
    .name = "build-iso",
    .arguments = "KERNEL",
    .summary = "make one file that boots as a CD and as a disk or stick",
    .examples = "imgtool build-iso kernel.elf\n"
                "imgtool build-iso kernel.elf -o live.iso --ramdisk initrd.cpio --compress zstd\n"
                "imgtool build-iso kernel.elf --table mbr --only bios\n",
    .options = build_options_table,
    .run = run_iso,
};
