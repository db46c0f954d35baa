/* imgtool convert: an image in other forms: disks of virtual machines, compressed, with a block map. */
#include "bmap.h"
#include "cli.h"
#include "compress.h"
#include "convert_qemu.h"
#include "image_container.h"
#include "json.h"
#include "operands.h"
#include "output.h"
#include "progress.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DISK_SECTOR 512u

static char *compress_name, *bmap_path;
static int force, as_json, quiet;

static const struct poptOption options[] = {
    {"compress", 'c', POPT_ARG_STRING, &compress_name, 0,
     "compress it (default OUTPUT: the image's name with .gz, .zst)", "gz|zst"},
    {"bmap", 'b', POPT_ARG_STRING, &bmap_path, 0, "write a block map, too, by which bmaptool copies the image quickly",
     "FILE"},
    {"force", 'f', POPT_ARG_NONE, &force, 0, "overwrite a file that is not an image", NULL},
    {"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "say nothing unless something is wrong", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "say what was written as JSON", NULL},
    POPT_TABLEEND,
};

struct conversion {
    struct host_file image;
    char *output; /* NULL: only a block map */
    const struct disk_format *format;
    const struct compressor *compressor; /* one of both, with output */
    uint64_t output_size;
    struct bmap bmap;
    struct output image_file, bmap_file;
};

static const char *ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

/* What is to be made, from the output's name and --compress. */
static enum exit_code choose(struct conversion *conversion, const char *image, const char *output)
{
    if (compress_name && !(conversion->compressor = compressor_find(compress_name)))
        return failure(EXIT_USAGE, "--compress %s: choose gz or zst", compress_name);
    if (!output && !conversion->compressor && !bmap_path)
        return failure(EXIT_USAGE,
                       "what is it to become? Name the output, such as disk.qcow2, or use --compress or --bmap");
    if (!output && !conversion->compressor)
        return EXIT_OK;
    if (asprintf(&conversion->output, "%s%s%s", output ? output : image, output ? "" : ".",
                 output ? "" : compress_name) < 0) {
        conversion->output = NULL;
        return failure_memory();
    }
    if (conversion->compressor || !output)
        return EXIT_OK;
    conversion->compressor = compressor_find(ending(output));
    conversion->format = conversion->compressor ? NULL : disk_format_find(ending(output));
    if (conversion->compressor || conversion->format)
        return EXIT_OK;
    return failure(EXIT_USAGE, "%s: the output's name ends in .qcow2, .vhd, .vmdk, .vdi, .gz or .zst", output);
}

static enum exit_code check_outputs(const struct conversion *conversion)
{
    const struct host_file *const inputs[] = {&conversion->image};
    enum exit_code code = EXIT_OK;
    if (conversion->image.size == 0 || (conversion->format && conversion->image.size % DISK_SECTOR != 0))
        return failure(EXIT_INPUT_REJECTED, "%s: has %lu bytes; a disk image consists of sectors of 512 bytes",
                       conversion->image.path, conversion->image.size);
    if (conversion->output)
        code = output_check(conversion->output, force, inputs, 1);
    if (code == EXIT_OK && bmap_path)
        code = output_check(bmap_path, force, inputs, 1);
    bool same = false;
    if (code == EXIT_OK && bmap_path && conversion->output)
        code = output_same(bmap_path, conversion->output, &same);
    return same ? failure(EXIT_USAGE, "%s: can't be the output and the block map", bmap_path) : code;
}

static enum exit_code compress_image(struct conversion *conversion, int fd)
{
    progress_begin("compressing", conversion->image.size);
    enum exit_code code =
        conversion->compressor->run(&conversion->image, fd, conversion->output, &conversion->output_size);
    progress_end();
    return code;
}

static enum exit_code write_image(struct conversion *conversion)
{
    struct output *output = &conversion->image_file;
    struct stat written;
    const char *name = conversion->output;
    enum exit_code code = conversion->format
                              ? convert_qemu(&conversion->image, conversion->format, output->temporary, name)
                              : compress_image(conversion, output->fd);
    if (code == EXIT_OK && fstat(output->fd, &written) == 0)
        conversion->output_size = (uint64_t)written.st_size;
    return code == EXIT_OK ? output_finish(output) : code;
}

static enum exit_code write_bmap(struct conversion *conversion)
{
    struct output *output = &conversion->bmap_file;
    enum exit_code code = bmap_make(&conversion->image, &conversion->bmap);
    if (code == EXIT_OK)
        code = host_write(output->fd, 0, conversion->bmap.text, conversion->bmap.text_size, bmap_path);
    return code == EXIT_OK ? output_finish(output) : code;
}

/* Both files, or neither: they are seen when both are complete, and made of the same image. */
static enum exit_code write_all(struct conversion *conversion)
{
    enum exit_code code = EXIT_OK;
    if (conversion->output)
        code = output_begin(&conversion->image_file, conversion->output, 0);
    if (code == EXIT_OK && bmap_path)
        code = output_begin(&conversion->bmap_file, bmap_path, 0);
    if (code == EXIT_OK && bmap_path)
        code = write_bmap(conversion);
    if (code == EXIT_OK && conversion->output)
        code = write_image(conversion);
    if (code == EXIT_OK)
        code = host_file_unchanged(&conversion->image);
    if (code == EXIT_OK && bmap_path && conversion->output)
        code = output_commit_both(&conversion->bmap_file, &conversion->image_file);
    else if (code == EXIT_OK)
        code = output_commit(bmap_path ? &conversion->bmap_file : &conversion->image_file);
    output_end(&conversion->bmap_file);
    output_end(&conversion->image_file);
    return code;
}

static const char *form(const struct conversion *conversion)
{
    return conversion->format ? conversion->format->name : conversion->compressor->name;
}

static void report_json(const struct conversion *conversion)
{
    struct json_object *document = json_document("convert");
    json_text(document, "image", conversion->image.path);
    json_number(document, "image_size", conversion->image.size);
    if (conversion->output) {
        json_text(document, "output", conversion->output);
        json_text(document, "format", form(conversion));
        json_number(document, "output_size", conversion->output_size);
    }
    if (bmap_path) {
        struct json_object *bmap = json_object_in(document, "bmap");
        json_text(bmap, "file", bmap_path);
        json_number(bmap, "block_size", BMAP_BLOCK_SIZE);
        json_number(bmap, "blocks", conversion->bmap.block_count);
        json_number(bmap, "mapped_blocks", conversion->bmap.mapped_count);
    }
    json_finish(document);
}

static void report(const struct conversion *conversion)
{
    char size[32];
    if (conversion->output)
        printf("%s: %s, %s\n", conversion->output, form(conversion),
               size_text(conversion->output_size, size, sizeof size));
    if (bmap_path)
        printf("%s: %lu of %lu blocks have to be copied\n", bmap_path, conversion->bmap.mapped_count,
               conversion->bmap.block_count);
}

static enum exit_code convert(struct conversion *conversion)
{
    enum exit_code code = check_outputs(conversion);
    if (quiet)
        progress_silence();
    if (code == EXIT_OK)
        code = write_all(conversion);
    if (code == EXIT_OK && as_json)
        report_json(conversion);
    else if (code == EXIT_OK && !quiet)
        report(conversion);
    return code;
}

static int run(poptContext context)
{
    struct conversion conversion = {.image = {.fd = -1}, .image_file = {.fd = -1}, .bmap_file = {.fd = -1}};
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool convert IMAGE [OUTPUT]", 1, 2, operands);
    if (code == EXIT_OK)
        code = choose(&conversion, operands[0], operands[1]);
    if (code == EXIT_OK)
        code = host_file_open(&conversion.image, operands[0]);
    if (code == EXIT_OK)
        code = image_container_refuse(conversion.image.fd, operands[0]);
    if (code == EXIT_OK)
        code = convert(&conversion);
    host_file_close(&conversion.image);
    bmap_free(&conversion.bmap);
    free(conversion.output);
    return code;
}

const struct command command_convert = {
    .name = "convert",
    .arguments = "IMAGE [OUTPUT]",
    .summary = "make a disk of a virtual machine, or a compressed file, of an image",
    .examples = "imgtool convert disk.img disk.qcow2\n"
                "imgtool convert disk.img disk.vhd\n"
                "imgtool convert disk.img --compress zst --bmap disk.bmap",
    .options = options,
    .run = run,
};
