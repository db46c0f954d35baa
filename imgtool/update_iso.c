/* update, of an image that is a CD, too: its directories name where files lie, so they follow the files. They come
 * last: a CD whose update was stopped before shows the old files, whose clusters are still what they were, and boots.
 * Its boot sector is the loader's, and changes together with the MBR. */
#include "iso_read.h"
#include "iso_volume.h"
#include "update.h"

#include <stdlib.h>

static enum exit_code add_differences(struct update *update, const struct iso_area *area)
{
    struct block *image = &update->files->image.block;
    struct error error;
    uint8_t *before = malloc(area->size);
    if (before == NULL)
        return failure_memory();
    enum exit_code code =
        block_read(image, ISO_AREA_OFFSET, area->size, before, &error) == STATUS_OK
            ? changes_add_difference(&update->iso, 0, ISO_AREA_OFFSET, before, area->bytes, area->size)
            : disk_image_failure(&update->files->image, &error);
    free(before);
    return code;
}

static enum exit_code plan(struct update *update, struct boot_files *result, const struct iso_given *given)
{
    struct iso_area area;
    uint64_t limit = iso_area_limit(&result->image.block, &result->table);
    enum exit_code code = iso_area_of_volume(result, given, &area);
    if (code == EXIT_OK && (limit < ISO_AREA_OFFSET || area.size > limit - ISO_AREA_OFFSET))
        code = failure(EXIT_IO,
                       "%s: the CD's directories would need %lu bytes before the first partition, and there "
                       "are %lu; build the image anew",
                       update->options.image, area.size, limit - ISO_AREA_OFFSET);
    if (code == EXIT_OK)
        code = add_differences(update, &area);
    iso_area_free(&area);
    return code;
}

enum exit_code update_plan_iso(struct update *update, struct boot_files *result)
{
    struct iso_given given;
    struct error error;
    if (!iso_is_there(&update->files->image.block))
        return EXIT_OK;
    if (iso_given_read(&result->image.block, &given, &error) != STATUS_OK)
        return disk_image_failure(&update->files->image, &error);
    return plan(update, result, &given);
}

enum exit_code update_iso_end(struct boot_files *files, uint64_t *end)
{
    struct iso_given given;
    struct iso_area area;
    struct error error;
    if (iso_given_read(&files->image.block, &given, &error) != STATUS_OK)
        return disk_image_failure(&files->image, &error);
    enum exit_code code = iso_area_of_volume(files, &given, &area);
    *end = ISO_AREA_OFFSET + area.size;
    iso_area_free(&area);
    return code;
}
