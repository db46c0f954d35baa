/* imgtool inspect: what an image is made of, and what each firmware will find. */
#include "inspection.h"
#include "operands.h"

static int as_json;

static const struct poptOption options[] = {
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON", NULL},
    POPT_TABLEEND,
};

static int run(poptContext context)
{
    static struct inspection inspection; /* big */
    struct disk_image image;
    const char *operands[1];
    enum exit_code code = operands_take(context, "imgtool inspect IMAGE", 1, 1, operands);
    if (code == EXIT_OK)
        code = disk_image_open(&image, operands[0]);
    if (code != EXIT_OK)
        return code;
    inspection_make(&inspection, &image);
    if (as_json)
        inspection_print_json(&inspection);
    else
        inspection_print(&inspection);
    inspection_free(&inspection);
    disk_image_close(&image);
    return EXIT_OK;
}

const struct command command_inspect = {
    .name = "inspect",
    .arguments = "IMAGE|DEVICE",
    .summary = "show partitions, loader, files and kernel of an image",
    .examples = "imgtool inspect disk.img\n"
                "imgtool inspect /dev/sdb\n"
                "imgtool inspect --json disk.img\n",
    .options = options,
    .run = run,
};
