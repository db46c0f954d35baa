#include "update.h"

#include "operands.h"
#include "path.h"

#include <stdlib.h>
#include <string.h>

static char *kernel, *ramdisk, *command_line, *config_file;
static const char **files, **removals;
static int loader, quiet, as_json;

const struct poptOption update_options_table[] = {
    {"kernel", 'k', POPT_ARG_STRING, &kernel, 0, "the new kernel", "FILE"},
    {"ramdisk", 'r', POPT_ARG_STRING, &ramdisk, 0, "the new ramdisk", "FILE"},
    {"cmdline", 'c', POPT_ARG_STRING, &command_line, 0, "another command line for the kernel", "TEXT"},
    {"config", 0, POPT_ARG_STRING, &config_file, 0, "another configuration; --ramdisk and --cmdline go into it",
     "FILE"},
    {"file", 0, POPT_ARG_ARGV, &files, 0, "put SRC on the boot volume as DEST, such as /etc/init.conf; repeatable",
     "SRC:DEST"},
    {"remove", 0, POPT_ARG_ARGV, &removals, 0, "remove a file from the boot volume; repeatable", "PATH"},
    {"loader", 'l', POPT_ARG_NONE, &loader, 0, "the loader of this imgtool, for the firmwares that the image is for",
     NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "say as JSON what was done", NULL},
    {"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "say nothing unless something is wrong", NULL},
    POPT_TABLEEND,
};

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words != NULL && words[count] != NULL)
        count++;
    return count;
}

static enum exit_code take_removal(const char *word, char **path)
{
    struct error error;
    *path = operand_path(word);
    if (*path == NULL)
        return failure_memory();
    if (path_check(*path, strlen(*path), &error) != STATUS_OK || strcmp(*path, "/") == 0)
        return failure(EXIT_USAGE, "--remove %s: give the path of a file on the boot volume", word);
    return EXIT_OK;
}

static enum exit_code take_lists(struct update_options *options)
{
    size_t file_count = count_words(files), removal_count = count_words(removals);
    options->files = calloc(file_count + 1, sizeof *options->files);
    options->removals = calloc(removal_count + 1, sizeof *options->removals);
    if (options->files == NULL || options->removals == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    for (; options->file_count < file_count && code == EXIT_OK; options->file_count++)
        code = build_options_take_file(files[options->file_count], &options->files[options->file_count]);
    for (; options->removal_count < removal_count && code == EXIT_OK; options->removal_count++)
        code = take_removal(removals[options->removal_count], &options->removals[options->removal_count]);
    return code;
}

enum exit_code update_options_take(poptContext context, struct update_options *options)
{
    enum exit_code code = operands_take(context, "imgtool update IMAGE --kernel FILE", 1, 1, &options->image);
    if (code != EXIT_OK)
        return code;
    options->kernel = kernel;
    options->ramdisk = ramdisk;
    options->command_line = command_line;
    options->config_file = config_file;
    options->loader = loader;
    options->json = as_json;
    options->quiet = quiet;
    if (kernel == NULL && ramdisk == NULL && command_line == NULL && config_file == NULL && !loader &&
        count_words(files) == 0 && count_words(removals) == 0)
        return failure(EXIT_USAGE,
                       "say what is new: --kernel, --ramdisk, --cmdline, --config, --file, --remove or --loader");
    if (command_line != NULL && strpbrk(command_line, "\r\n") != NULL)
        return failure(EXIT_USAGE, "--cmdline: must be one line");
    code = build_options_take_time(&options->time);
    return code == EXIT_OK ? take_lists(options) : code;
}

void update_options_free(struct update_options *options)
{
    for (size_t i = 0; i < options->file_count; i++) {
        free(options->files[i].source);
        free(options->files[i].path);
    }
    for (size_t i = 0; i < options->removal_count; i++)
        free(options->removals[i]);
    free(options->files);
    free(options->removals);
}
