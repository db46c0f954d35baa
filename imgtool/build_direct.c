/* imgtool build-direct: from a kernel to one ELF file that a VMM or another loader starts. */
#include "build_content.h"
#include "cli.h"
#include "direct_file.h"
#include "next_step.h"
#include "output.h"
#include "progress.h"
#include "size.h"

struct build {
    struct build_options options;
    struct image_config config;
    struct image_content content;
    struct direct_plan plan;
};

static enum exit_code make_plan(struct build *build)
{
    const struct span no_uefi = {NULL, 0};
    build->options.uefi = false; /* whoever starts the file has left UEFI, or never knew it */
    build->plan =
        (struct direct_plan){.content = &build->content, .time = build->options.time, .pvh = build->options.pvh};
    enum exit_code code = image_content_init(&build->content);
    if (code == EXIT_OK && build->options.kernel == NULL)
        return direct_file_plan(&build->plan);
    if (code == EXIT_OK)
        code = build_content_config(&build->options, &build->config);
    if (code == EXIT_OK)
        code = build_content_collect(&build->options, &build->config, no_uefi, &build->content);
    if (code == EXIT_OK)
        code = build_content_check(&build->options, &build->config, &build->content);
    return code == EXIT_OK ? direct_file_plan(&build->plan) : code;
}

static enum exit_code write_output(const struct build *build)
{
    struct output output;
    const char *name = build->options.output;
    enum exit_code code = output_begin(&output, name, build->plan.size);
    progress_begin("writing", image_content_size(&build->content));
    if (code == EXIT_OK)
        code = direct_file_write(&build->plan, output.fd, name);
    progress_end();
    if (code == EXIT_OK)
        code = output_commit(&output);
    output_end(&output);
    return code;
}

static void report(const struct build *build)
{
    char size[32];
    if (build->options.quiet)
        return;
    printf("%s: %s, %s\n", build->options.output, size_text(build->plan.size, size, sizeof size),
           build->options.pvh ? "Multiboot 2 and PVH" : "Multiboot 1 and 2, PVH");
    for (uint32_t i = 0; build->options.verbose && i < build->content.count; i++)
        printf("  %10lu bytes  %s\n", image_item_size(&build->content.items[i]), build->content.items[i].path);
    if (!build->options.verbose)
        next_step_print("--direct", build->options.output, NULL);
}

static int run(poptContext context)
{
    struct build build = {0};
    enum exit_code code = build_options_take(context, "-direct.elf", true, &build.options);
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
    image_content_free(&build.content);
    image_config_free(&build.config);
    build_options_free(&build.options);
    return code;
}

const struct command command_build_direct = {
    .name = "build-direct",
    .arguments = "[KERNEL]",
    .summary = "make one ELF file of KERNEL for qemu -kernel, GRUB and other loaders",
    .examples = "imgtool build-direct kernel.elf -o os.elf\n"
                "imgtool build-direct kernel.elf -o os.elf --ramdisk initrd.cpio --cmdline verbose\n"
                "imgtool build-direct kernel.elf -o os.elf --pvh\n"
                "imgtool build-direct -o loader.elf    (the kernel comes as a module)\n",
    .options = build_direct_options_table,
    .run = run,
};
