/* imgtool build-netboot: from a kernel to a directory that a TFTP server gives to machines without a disk. */
#include "../bios/image_format.h"
#include "build_content.h"
#include "cli.h"
#include "ids.h"
#include "loader_files.h"
#include "net_files.h"
#include "netboot.h"
#include "next_step.h"
#include "output_directory.h"
#include "progress.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTORS 16

struct build {
    struct build_options options;
    struct image_config config;
    struct image_content content;
    uint8_t *boot_program; /* for PXE ROMs */
    char *dnsmasq;
};

/* The file for PXE ROMs: the code that they start, then the stages. */
static enum exit_code add_boot_program(struct build *build)
{
    struct span start = loader_netboot(), stages = loader_stages();
    struct ids ids;
    char *recipe;
    int size = asprintf(&recipe, "netboot\nseed %s\n", build->options.seed);
    if (size < 0)
        return failure_memory();
    enum exit_code code = ids_derive(build_content_kernel(&build->config, &build->content), recipe, (size_t)size, &ids);
    free(recipe);
    if (code != EXIT_OK)
        return code;
    uint8_t *filled = loader_stages_make(ids.image_id);
    build->boot_program = malloc(start.size + stages.size);
    if (filled == NULL || build->boot_program == NULL) {
        free(filled);
        return failure_memory();
    }
    memcpy(build->boot_program, start.data, start.size);
    memcpy(build->boot_program + start.size, filled, stages.size);
    free(filled);
    struct span bytes = {build->boot_program, start.size + stages.size};
    return image_content_add_bytes(&build->content, bytes, "/" NETBOOT_BIOS_NAME);
}

/* The directory's absolute path, though it may not exist yet. */
static bool absolute_path(const char *path, char absolute[PATH_MAX])
{
    char parent[PATH_MAX], *of_parent = strdup(path), *of_name = strdup(path);
    bool known =
        of_parent != NULL && of_name != NULL && realpath(dirname(of_parent), parent) != NULL &&
        snprintf(absolute, PATH_MAX, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, basename(of_name)) < PATH_MAX;
    free(of_parent);
    free(of_name);
    return known;
}

static enum exit_code add_dnsmasq(struct build *build)
{
    char path[PATH_MAX];
    if (!absolute_path(build->options.output, path))
        return failure(EXIT_IO, "%s: can't be made there: %s", build->options.output, strerror(errno));
    build->dnsmasq = netboot_dnsmasq(path);
    if (build->dnsmasq == NULL)
        return failure_memory();
    struct span bytes = {(const uint8_t *)build->dnsmasq, strlen(build->dnsmasq)};
    return image_content_add_bytes(&build->content, bytes, "/" NETBOOT_DNSMASQ_NAME);
}

/* TFTP servers tell upper from lower case, disks don't: what the configuration names must be spelt the same. */
static enum exit_code check_spelling(const struct build *build, struct config_text path)
{
    const struct image_item *item = image_content_find(&build->content, path.text, path.size);
    if (path.size > NET_PATH_MAX)
        return failure(EXIT_INPUT_REJECTED, "%.*s: over the network a path has at most %u bytes", (int)path.size,
                       path.text, NET_PATH_MAX);
    if (item == NULL || (strlen(item->path) == path.size && memcmp(item->path, path.text, path.size) == 0))
        return EXIT_OK; /* build_content_check() has told what is missing */
    return failure(EXIT_INPUT_REJECTED,
                   "the configuration says %.*s, but the file is %s: TFTP servers tell upper from lower case",
                   (int)path.size, path.text, item->path);
}

static enum exit_code check_spellings(const struct build *build)
{
    const struct config *config = &build->config.config;
    enum exit_code code = check_spelling(build, config->kernel);
    if (code == EXIT_OK)
        code = check_spelling(build, config->ramdisk);
    for (uint32_t i = 0; i < config->module_count && code == EXIT_OK; i++)
        code = check_spelling(build, config->modules[i].path);
    return code;
}

static enum exit_code make_content(struct build *build)
{
    const struct span no_uefi = {NULL, 0};
    enum exit_code code = image_content_init(&build->content);
    if (code == EXIT_OK)
        code = build_content_config(&build->options, &build->config);
    if (code == EXIT_OK)
        code = build_content_collect(&build->options, &build->config, no_uefi, &build->content);
    if (code == EXIT_OK)
        code = image_content_add_bytes(&build->content, loader_uefi(), "/" NETBOOT_UEFI_NAME);
    if (code == EXIT_OK)
        code = build_content_check(&build->options, &build->config, &build->content);
    if (code == EXIT_OK)
        code = check_spellings(build);
    if (code == EXIT_OK)
        code = build_content_compress(&build->options, &build->config, &build->content);
    if (code == EXIT_OK)
        code = add_boot_program(build);
    return code == EXIT_OK ? add_dnsmasq(build) : code;
}

/* --- is there something in the way? ------------------------------------------------------------------------------ */

static struct { /* for the walk, which gives its visitor no argument */
    const struct build *build;
    struct build_inputs inputs;
    size_t prefix;
    enum exit_code code;
} walk;

static enum exit_code judge_entry(const char *path, const struct stat *stat_of, int kind)
{
    const struct build_options *options = &walk.build->options;
    for (size_t i = 0; i < walk.inputs.count; i++)
        if (walk.inputs.list[i]->stat.st_dev == stat_of->st_dev && walk.inputs.list[i]->stat.st_ino == stat_of->st_ino)
            return failure(EXIT_UNSAFE,
                           "%s: is an input, and would be lost with the old directory; choose another with -o DIR",
                           path);
    if (kind == FTW_D || options->force)
        return EXIT_OK;
    const char *inside = path + walk.prefix;
    const struct image_item *item = image_content_find(&walk.build->content, inside, strlen(inside));
    if (item != NULL && strcmp(item->path, inside) == 0)
        return EXIT_OK;
    return failure(EXIT_UNSAFE,
                   "%s: would be lost, for the new directory has no such file; --force replaces it all the same", path);
}

static int visit_entry(const char *path, const struct stat *stat_of, int kind, struct FTW *place)
{
    (void)place;
    walk.code = judge_entry(path, stat_of, kind);
    return walk.code != EXIT_OK;
}

static bool is_empty(const char *path)
{
    uint32_t entries = 0;
    DIR *directory = opendir(path);
    while (directory != NULL && readdir(directory) != NULL)
        entries++;
    if (directory != NULL)
        closedir(directory);
    return directory != NULL && entries == 2; /* "." and ".." */
}

/* Only a directory of ours is replaced, or an empty one. */
static enum exit_code check_old(const struct build *build)
{
    const char *path = build->options.output;
    struct stat stat_now;
    if (lstat(path, &stat_now) != 0)
        return errno == ENOENT ? EXIT_OK : failure(EXIT_IO, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(stat_now.st_mode))
        return failure(EXIT_UNSAFE, "%s: exists and is not a directory; choose another with -o DIR", path);
    if (is_empty(path))
        return EXIT_OK;
    if (!netboot_probe(path))
        return failure(EXIT_UNSAFE, "%s: exists and was not made by build-netboot; choose another with -o DIR", path);
    if (nftw(path, visit_entry, DESCRIPTORS, FTW_PHYS) < 0)
        return failure(EXIT_IO, "%s: %s", path, strerror(errno));
    return walk.code;
}

static enum exit_code check_output(struct build *build)
{
    walk.build = build;
    walk.prefix = strlen(build->options.output);
    enum exit_code code = build_inputs_open(&build->options, &build->content, &walk.inputs);
    if (code == EXIT_OK)
        code = check_old(build);
    build_inputs_close(&walk.inputs);
    return code;
}

static enum exit_code write_output(const struct build *build)
{
    struct output_directory output;
    enum exit_code code = output_directory_begin(&output, build->options.output);
    progress_begin("writing", image_content_size(&build->content));
    for (uint32_t i = 0; i < build->content.count && code == EXIT_OK; i++)
        code = output_directory_add(&output, &build->content.items[i]);
    progress_end();
    if (code == EXIT_OK)
        code = output_directory_commit(&output);
    output_directory_end(&output);
    return code;
}

static void report(const struct build *build)
{
    const char *path = build->options.output;
    if (build->options.quiet)
        return;
    printf("%s: boot files %s (BIOS) and %s (UEFI); %s/%s shows how to serve them\n", path, NETBOOT_BIOS_NAME,
           NETBOOT_UEFI_NAME, path, NETBOOT_DNSMASQ_NAME);
    for (uint32_t i = 0; i < build->content.count && build->options.verbose; i++)
        printf("  %10lu bytes  %s\n", image_item_size(&build->content.items[i]), build->content.items[i].path);
    if (!build->options.verbose)
        next_step_print(NULL, path, NULL);
}

static int run(poptContext context)
{
    struct build build = {0};
    enum exit_code code = build_options_take(context, ".netboot", false, &build.options);
    for (size_t length = code == EXIT_OK ? strlen(build.options.output) : 0;
         length > 1 && build.options.output[length - 1] == '/'; length--)
        build.options.output[length - 1] = '\0';
    if (code == EXIT_OK && build.options.quiet)
        progress_silence();
    if (code == EXIT_OK)
        code = make_content(&build);
    if (code == EXIT_OK)
        code = check_output(&build);
    if (code == EXIT_OK)
        code = write_output(&build);
    if (code == EXIT_OK)
        report(&build);
    image_content_free(&build.content);
    image_config_free(&build.config);
    build_options_free(&build.options);
    free(build.boot_program);
    free(build.dnsmasq);
    return code;
}

const struct command command_build_netboot = {
    .name = "build-netboot",
    .arguments = "KERNEL",
    .summary = "make a directory that boots KERNEL over the network, under BIOS and UEFI",
    .examples = "imgtool build-netboot kernel.elf -o netboot\n"
                "imgtool build-netboot kernel.elf -o netboot --ramdisk initrd.cpio --cmdline 'root=/dev/ram0'\n"
                "imgtool build-netboot kernel.elf -o netboot --compress zstd\n",
    .options = build_netboot_options_table,
    .run = run,
};
