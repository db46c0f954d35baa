/* imgtool ls: what is on an image's boot volume. */
#include "disk_image.h"
#include "fat_walk.h"
#include "json.h"
#include "operands.h"

#include <stdlib.h>
#include <string.h>

static int as_json, recursive, long_form;

static const struct poptOption options[] = {
    {"recursive", 'R', POPT_ARG_NONE, &recursive, 0, "also what is in the directories", NULL},
    {"long", 'l', POPT_ARG_NONE, &long_form, 0, "with sizes in bytes", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON, with sizes", NULL},
    POPT_TABLEEND,
};

struct listing {
    struct json_object *array; /* NULL: text */
};

static void print(const struct listing *listing, const char *name, const char *path, const struct fat_file *file)
{
    bool directory = (file->attributes & FAT_ATTRIBUTE_DIRECTORY) != 0;
    if (listing->array != NULL) {
        struct json_object *object = json_object_append(listing->array);
        json_text(object, "path", path);
        json_text(object, "type", directory ? "directory" : "file");
        if (!directory)
            json_number(object, "size", file->size);
        return;
    }
    if (long_form && directory)
        printf("%10s  ", "-");
    else if (long_form)
        printf("%10u  ", file->size);
    printf("%s%s\n", name, directory && strcmp(name, "/") != 0 ? "/" : "");
}

static enum status visit(void *context, const char *path, const struct fat_entry *entry, struct error *error)
{
    (void)error;
    print(context, path, path, &entry->file);
    return STATUS_OK;
}

static enum status list_directory(struct listing *listing, struct fat_file *directory, const char *path,
                                  struct error *error)
{
    uint64_t position = 0;
    enum status status = STATUS_OK;
    struct fat_entry entry;
    char full[FAT_WALK_PATH_MAX];
    while (fat_next(directory, &position, &entry, &status, error)) {
        snprintf(full, sizeof full, "%s%s%s", path, strcmp(path, "/") == 0 ? "" : "/", entry.name);
        print(listing, entry.name, full, &entry.file);
    }
    return status;
}

static enum status list(struct boot_files *files, struct listing *listing, const char *path, struct error *error)
{
    struct fat_file file;
    enum status status = fat_open(&files->fat, path, &file, error);
    if (status != STATUS_OK)
        return status;
    if ((file.attributes & FAT_ATTRIBUTE_DIRECTORY) == 0) {
        print(listing, path, path, &file);
        return STATUS_OK;
    }
    return recursive ? fat_walk(&file, path, visit, listing, error) : list_directory(listing, &file, path, error);
}

static enum exit_code list_image(const char *image, const char *path)
{
    static struct boot_files files;
    struct error error;
    enum exit_code code = boot_files_open(&files, image);
    if (code != EXIT_OK)
        return code;
    struct json_object *document = as_json ? json_document("ls") : NULL;
    struct listing listing = {.array = as_json ? json_array_in(document, "entries") : NULL};
    if (list(&files, &listing, path, &error) != STATUS_OK)
        code = disk_image_failure(&files.image, &error);
    if (as_json && code == EXIT_OK)
        json_finish(document);
    else
        json_object_put(document);
    boot_files_close(&files);
    return code;
}

static int run(poptContext context)
{
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool ls IMAGE [PATH]", 1, 2, operands);
    if (code != EXIT_OK)
        return code;
    char *path = operand_path(operands[1] != NULL ? operands[1] : "/");
    code = path != NULL ? list_image(operands[0], path) : failure_memory();
    free(path);
    return code;
}

const struct command command_ls = {
    .name = "ls",
    .arguments = "IMAGE [PATH]",
    .summary = "list the files on an image's boot volume",
    .examples = "imgtool ls disk.img\n"
                "imgtool ls -lR disk.img\n"
                "imgtool ls disk.img /EFI/BOOT --json\n",
    .options = options,
    .run = run,
};
