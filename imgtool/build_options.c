#include "build_options.h"

#include "iso_format.h"
#include "mbr.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>

#define TIME_DEFAULT 315532800 /* 1980-01-01: where FAT's time begins */

static char *output, *command_line, *efi_stub, *config_file, *format, *table, *only, *size, *seed, *protective_active;
static char *compress;
static const char **ramdisks, **files, **modules, **partitions;
static int fat_bits, iso, protective_slot, pvh, quiet, verbose, force;

/* Rows that all these commands have. */
#define CONTENT_OPTIONS                                                                                                \
    {"ramdisk",                                                                                                        \
     'r',                                                                                                              \
     POPT_ARG_ARGV,                                                                                                    \
     &ramdisks,                                                                                                        \
     0,                                                                                                                \
     "file that the kernel gets as its ramdisk, up to 4 GiB - 1; several are put behind one another, as Linux has",    \
     "FILE"},                                                                                                          \
        {"cmdline", 'c', POPT_ARG_STRING, &command_line, 0, "command line for the kernel", "TEXT"},                    \
        {"config",     0, POPT_ARG_STRING,                                                                             \
         &config_file, 0, "configuration to take along; the other options add lines to it",                            \
         "FILE"},                                                                                                      \
        {"file",    0, POPT_ARG_ARGV,                                                                                  \
         &files,    0, "put SRC on the boot volume as DEST, such as /etc/init.conf; repeatable",                       \
         "SRC:DEST"},                                                                                                  \
        {"module",                                                                                                     \
         0,                                                                                                            \
         POPT_ARG_ARGV,                                                                                                \
         &modules,                                                                                                     \
         0,                                                                                                            \
         "hand FILE to the kernel as a module; repeatable",                                                            \
         "FILE[:NAME[:ARGS]]"},

#define COMMON_OPTIONS                                                                                                 \
    {"force", 'f', POPT_ARG_NONE, &force, 0, "overwrite a file that imgtool has not made", NULL},                      \
        {"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "say nothing unless something is wrong", NULL},                       \
        {"verbose", 'v', POPT_ARG_NONE, &verbose, 0, "show the plan of what is written", NULL},

const struct poptOption build_options_table[] = {
    {"output", 'o', POPT_ARG_STRING, &output, 0, "image to write (default: the kernel's name with .img, right here)",
     "FILE"},
    CONTENT_OPTIONS{
        "partition", 0, POPT_ARG_ARGV, &partitions, 0,
        "add a partition with the bytes of FILE; TYPE: a name such as linux, a GUID, for MBR 0xNN; repeatable",
        "FILE:TYPE[:NAME]"},
    {"efi-stub", 0, POPT_ARG_STRING, &efi_stub, 0, "instead of KERNEL: a UEFI application, which UEFI starts", "FILE"},
    {"only", 0, POPT_ARG_STRING, &only, 0, "leave the other firmware's loader out: bios (MBR by default) or uefi",
     "FIRMWARE"},
    {"format", 0, POPT_ARG_STRING, &format, 0, "disk (the default), or fat: just the FAT volume, without partitions",
     "KIND"},
    {"iso", 0, POPT_ARG_NONE, &iso, 0, "make the image a CD, too (ISO 9660, El Torito), as build-iso does", NULL},
    {"compress", 0, POPT_ARG_STRING, &compress, 0,
     "compress kernel, ramdisk and modules where that helps: lz4[:1-12] (fast) or zstd[:1-22] (small)", "METHOD"},
    {"table", 0, POPT_ARG_STRING, &table, 0, "partition table: gpt (the default) or mbr", "gpt|mbr"},
    {"pmbr-active", 0, POPT_ARG_STRING, &protective_active, 0,
     "GPT: mark the protective MBR entry active: on (the default; some BIOSes insist) or off (some UEFI do)", "on|off"},
    {"pmbr-slot", 0, POPT_ARG_INT, &protective_slot, 0,
     "GPT: which of the MBR's four entries is the protective one (default 1; some BIOSes want 2)", "NUMBER"},
    {"fat", 0, POPT_ARG_INT, &fat_bits, 0, "FAT type: 32 (the default), 16 (the default of a CD) or 12 for small media",
     "32|16|12"},
    {"size", 0, POPT_ARG_STRING, &size, 0, "size of the image, such as 64M (default: what is needed)", "SIZE"},
    {"seed", 0, POPT_ARG_STRING, &seed, 0, "another text gives other GUIDs to an otherwise equal image", "TEXT"},
    COMMON_OPTIONS POPT_TABLEEND,
};

const struct poptOption build_direct_options_table[] = {
    {"output", 'o', POPT_ARG_STRING, &output, 0,
     "file to write (default: the kernel's name with -direct.elf, right here)", "FILE"},
    CONTENT_OPTIONS{"pvh", 0, POPT_ARG_NONE, &pvh, 0, "hide the Multiboot 1 header, so that QEMU enters as PVH", NULL},
    COMMON_OPTIONS POPT_TABLEEND,
};

const struct poptOption build_netboot_options_table[] = {
    {"output", 'o', POPT_ARG_STRING, &output, 0,
     "directory to make (default: the kernel's name with .netboot, right here)", "DIR"},
    CONTENT_OPTIONS{"compress", 0, POPT_ARG_STRING, &compress, 0,
                    "compress kernel, ramdisk and modules where that helps: lz4[:1-12] (fast) or zstd[:1-22] (small)",
                    "METHOD"},
    {"seed", 0, POPT_ARG_STRING, &seed, 0, "another text gives another id to an otherwise equal loader", "TEXT"},
    {"force", 'f', POPT_ARG_NONE, &force, 0, "replace a directory made by imgtool even if it holds other files, too",
     NULL},
    {"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "say nothing unless something is wrong", NULL},
    {"verbose", 'v', POPT_ARG_NONE, &verbose, 0, "list the files", NULL},
    POPT_TABLEEND,
};

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words != NULL && words[count] != NULL)
        count++;
    return count;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* SRC:DEST. FAT names have no colon, so the last one divides. A DEST that ends in '/' is a directory. */
enum exit_code build_options_take_file(const char *word, struct build_file *file)
{
    const char *colon = strrchr(word, ':');
    if (colon == NULL || colon == word || colon[1] == '\0')
        return failure(EXIT_USAGE, "--file %s: write SRC:DEST, such as --file init.conf:/etc/init.conf", word);
    const char *destination = colon + 1;
    file->source = strndup(word, (size_t)(colon - word));
    bool directory = destination[strlen(destination) - 1] == '/';
    if (file->source == NULL || asprintf(&file->path, "%s%s%s", destination[0] == '/' ? "" : "/", destination,
                                         directory ? base_name(file->source) : "") < 0) {
        file->path = NULL;
        return failure_memory();
    }
    return EXIT_OK;
}

/* FILE[:NAME[:ARGS]]; NAME is a word of the configuration, and the file's name on the volume. */
static enum exit_code take_module(const char *word, struct build_module *module)
{
    module->source = strdup(word);
    if (module->source == NULL)
        return failure_memory();
    char *name = strchr(module->source, ':');
    char *arguments = name != NULL ? strchr(name + 1, ':') : NULL;
    if (name != NULL)
        *name++ = '\0';
    if (arguments != NULL)
        *arguments++ = '\0';
    module->line.name = name != NULL && *name != '\0' ? name : base_name(module->source);
    module->line.arguments = arguments != NULL ? arguments : "";
    if (module->source[0] == '\0' || module->line.name[0] == '\0')
        return failure(EXIT_USAGE, "--module %s: write FILE, FILE:NAME or FILE:NAME:ARGS", word);
    if (strpbrk(module->line.name, " \t/\r\n") != NULL || strpbrk(module->line.arguments, "\r\n") != NULL)
        return failure(EXIT_USAGE, "--module %s: the name must be one word without '/': write FILE:NAME", word);
    if (asprintf(&module->line.path, "/modules/%s", module->line.name) < 0) {
        module->line.path = NULL;
        return failure_memory();
    }
    return EXIT_OK;
}

static enum exit_code take_lists(struct build_options *options)
{
    size_t file_count = count_words(files), module_count = count_words(modules);
    options->files = calloc(file_count + 1, sizeof *options->files);
    options->modules = calloc(module_count + 1, sizeof *options->modules);
    if (options->files == NULL || options->modules == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    for (; options->file_count < file_count && code == EXIT_OK; options->file_count++)
        code = build_options_take_file(files[options->file_count], &options->files[options->file_count]);
    for (; options->module_count < module_count && code == EXIT_OK; options->module_count++)
        code = take_module(modules[options->module_count], &options->modules[options->module_count]);
    return code;
}

static enum exit_code take_size(struct build_options *options)
{
    if (compress != NULL && !pack_parse(compress, &options->compress))
        return failure(EXIT_USAGE, "--compress %s: choose lz4 or zstd, with a level if you like: lz4:12, zstd:19",
                       compress);
    if (size == NULL)
        return EXIT_OK;
    if (!size_parse(size, &options->size) || options->size == 0)
        return failure(EXIT_USAGE, "--size %s: write a number with K, M, G or T, such as 64M", size);
    uint32_t sector = options->iso ? ISO_BLOCK_SIZE : LAYOUT_SECTOR_SIZE;
    if (options->size % sector != 0)
        return failure(EXIT_USAGE, "--size %s: must be a multiple of %u bytes", size, sector);
    return EXIT_OK;
}

static bool is_either(const char *word, const char *one, const char *other)
{
    return word == NULL || strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

static enum exit_code check_words(void)
{
    if (!is_either(table, "gpt", "mbr"))
        return failure(EXIT_USAGE, "--table %s: choose gpt or mbr", table);
    if (!is_either(only, "bios", "uefi"))
        return failure(EXIT_USAGE, "--only %s: choose bios or uefi", only);
    if (!is_either(format, "disk", "fat"))
        return failure(EXIT_USAGE, "--format %s: choose disk or fat", format);
    if (!is_either(protective_active, "on", "off"))
        return failure(EXIT_USAGE, "--pmbr-active %s: choose on or off", protective_active);
    if (fat_bits != 0 && fat_bits != 12 && fat_bits != 16 && fat_bits != 32)
        return failure(EXIT_USAGE, "--fat %d: choose 12, 16 or 32", fat_bits);
    return EXIT_OK;
}

static enum exit_code take_table(struct build_options *options)
{
    bool bare = format != NULL && strcmp(format, "fat") == 0;
    if (bare && (table != NULL || partitions != NULL))
        return failure(EXIT_USAGE, "--format fat has no partition table: leave --table and --partition out");
    if (bare && iso)
        return failure(EXIT_USAGE, "--format fat is no CD: leave --iso out");
    bool mbr = table != NULL ? strcmp(table, "mbr") == 0 : only != NULL && options->bios;
    options->table = bare ? LAYOUT_NONE : mbr ? LAYOUT_MBR : LAYOUT_GPT;
    if (options->table != LAYOUT_GPT && (protective_active != NULL || protective_slot != 0))
        return failure(EXIT_USAGE, "--pmbr-active and --pmbr-slot are for GPT: only there the MBR is protective");
    if (protective_slot < 0 || protective_slot > (int)MBR_SLOTS)
        return failure(EXIT_USAGE, "--pmbr-slot %d: choose 1 to %u", protective_slot, MBR_SLOTS);
    options->protective_slot = protective_slot != 0 ? (uint32_t)protective_slot : 1;
    options->protective_active = protective_active == NULL || strcmp(protective_active, "on") == 0;
    return EXIT_OK;
}

static enum exit_code take_partitions(struct build_options *options)
{
    size_t count = count_words(partitions);
    size_t most = options->table == LAYOUT_MBR ? LAYOUT_EXTRA_MAX_MBR : LAYOUT_EXTRA_MAX;
    if (count > most)
        return failure(EXIT_USAGE, "--partition: %zu are too many; this table has room for %zu%s", count, most,
                       options->table == LAYOUT_MBR ? ", a GPT for 126" : "");
    options->partitions = calloc(count + 1, sizeof *options->partitions);
    if (options->partitions == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    for (; options->partition_count < count && code == EXIT_OK; options->partition_count++)
        code = image_partition_take(partitions[options->partition_count], options->table,
                                    &options->partitions[options->partition_count]);
    return code;
}

static enum exit_code take_format(struct build_options *options)
{
    enum exit_code code = check_words();
    if (code != EXIT_OK)
        return code;
    options->bios = only == NULL || strcmp(only, "bios") == 0;
    options->uefi = only == NULL || strcmp(only, "uefi") == 0;
    options->iso = iso;
    options->fat_bits = (uint32_t)fat_bits;
    code = take_table(options);
    if (code == EXIT_OK)
        code = take_size(options);
    return code == EXIT_OK ? take_partitions(options) : code;
}

/* https://reproducible-builds.org/specs/source-date-epoch/ */
enum exit_code build_options_take_time(int64_t *time)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    *time = TIME_DEFAULT;
    if (text == NULL || *text == '\0')
        return EXIT_OK;
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || value < 0 || text[0] < '0' || text[0] > '9')
        return failure(EXIT_USAGE, "SOURCE_DATE_EPOCH=%s: must be a number of seconds", text);
    *time = value;
    return EXIT_OK;
}

/* kernel.elf -> kernel.img or the like, in the current directory. */
static enum exit_code take_output(const char *ending, struct build_options *options)
{
    const char *name = options->kernel != NULL ? base_name(options->kernel) : "", *dot = strrchr(name, '.');
    int length = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    if (output != NULL)
        options->output = strdup(output);
    else if (asprintf(&options->output, "%.*s%s", length, name, ending) < 0)
        options->output = NULL;
    return options->output != NULL ? EXIT_OK : failure_memory();
}

void build_options_want_iso(void)
{
    iso = 1;
}

enum exit_code build_options_take(poptContext context, const char *ending, bool bare, struct build_options *options)
{
    const char **arguments = poptGetArgs(context);
    size_t count = count_words(arguments);
    *options = (struct build_options){0};
    if (count == 1 && efi_stub != NULL)
        return failure(EXIT_USAGE, "KERNEL and --efi-stub exclude each other: the application is the kernel");
    if (count > 1 || (count == 0 && !bare && efi_stub == NULL))
        return failure(EXIT_USAGE, "give one KERNEL, and the file to write with -o FILE");
    if (count == 0 && efi_stub == NULL &&
        (output == NULL || ramdisks != NULL || command_line != NULL || config_file != NULL || files != NULL ||
         modules != NULL))
        return failure(EXIT_USAGE, "without KERNEL, give -o FILE and nothing that goes along with a kernel");
    if (output != NULL && *output == '\0')
        return failure(EXIT_USAGE, "--output: the file's name is empty");
    if (quiet && verbose)
        return failure(EXIT_USAGE, "--quiet and --verbose exclude each other");
    options->kernel = count != 0 ? arguments[0] : efi_stub;
    options->efi_stub = efi_stub != NULL;
    options->ramdisks = (const char *const *)ramdisks;
    options->ramdisk_count = count_words(ramdisks);
    options->command_line = command_line;
    options->config_file = config_file;
    options->seed = seed != NULL ? seed : "";
    options->quiet = quiet;
    options->verbose = verbose;
    options->force = force;
    options->pvh = pvh;
    enum exit_code code = take_format(options);
    if (code == EXIT_OK)
        code = build_options_take_time(&options->time);
    if (code == EXIT_OK)
        code = take_output(options->iso ? ".iso" : ending, options);
    return code == EXIT_OK ? take_lists(options) : code;
}

void build_options_free(struct build_options *options)
{
    for (size_t i = 0; i < options->file_count; i++) {
        free(options->files[i].source);
        free(options->files[i].path);
    }
    for (size_t i = 0; i < options->module_count; i++) {
        free(options->modules[i].source);
        free(options->modules[i].line.path);
    }
    for (size_t i = 0; i < options->partition_count; i++)
        image_partition_free(&options->partitions[i]);
    free(options->files);
    free(options->modules);
    free(options->partitions);
    free(options->output);
    *options = (struct build_options){0};
}
