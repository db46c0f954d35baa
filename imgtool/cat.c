/* imgtool cat: a file of an image's boot volume, byte for byte, on stdout. */
#include "disk_image.h"
#include "operands.h"
#include "progress.h"

#include <stdlib.h>
#include <unistd.h>

#define PIECE_SIZE (1u << 20)

static const struct poptOption options[] = {POPT_TABLEEND};

static enum exit_code copy(struct boot_files *files, struct fat_file *file)
{
    struct error error;
    enum exit_code code = EXIT_OK;
    uint8_t *piece = malloc(PIECE_SIZE);
    if (piece == NULL)
        return failure_memory();
    if (!isatty(STDOUT_FILENO)) /* where it would stand among the file's own bytes */
        progress_begin("copying", file->size);
    for (uint64_t offset = 0; offset < file->size && code == EXIT_OK; offset += PIECE_SIZE) {
        uint64_t size = file->size - offset < PIECE_SIZE ? file->size - offset : PIECE_SIZE;
        if (fat_read(file, offset, size, piece, &error) != STATUS_OK)
            code = disk_image_failure(&files->image, &error);
        else if (fwrite(piece, 1, size, stdout) != size)
            code = EXIT_IO; /* main() says so */
        progress_add(size);
    }
    progress_end();
    free(piece);
    return code;
}

static enum exit_code print_file(const char *image, const char *path)
{
    static struct boot_files files;
    struct fat_file file;
    struct error error;
    enum exit_code code = boot_files_open(&files, image);
    if (code != EXIT_OK)
        return code;
    enum status status = fat_open(&files.fat, path, &file, &error);
    if (status == STATUS_OK && (file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0)
        status = error_set(&error, STATUS_NOT_A_FILE, "%s: is a directory; 'imgtool ls' lists it", path);
    code = status == STATUS_OK ? copy(&files, &file) : disk_image_failure(&files.image, &error);
    boot_files_close(&files);
    return code;
}

static int run(poptContext context)
{
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool cat IMAGE PATH", 2, 2, operands);
    if (code != EXIT_OK)
        return code;
    char *path = operand_path(operands[1]);
    code = path != NULL ? print_file(operands[0], path) : failure_memory();
    free(path);
    return code;
}

const struct command command_cat = {
    .name = "cat",
    .arguments = "IMAGE PATH",
    .summary = "print a file of an image's boot volume",
    .examples = "imgtool cat disk.img /stagecoach.conf\n"
                "imgtool cat disk.img /kernel.elf | readelf -lW /dev/stdin\n",
    .options = options,
    .run = run,
};
