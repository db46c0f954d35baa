/* The numbers that tell one image from another. They are derived, not drawn: the same input gives the same image. */
#ifndef STAGECOACH_IMGTOOL_IDS_H
#define STAGECOACH_IMGTOOL_IDS_H

#include "host_file.h"

#include <stddef.h>
#include <stdint.h>

struct ids {
    uint8_t base[16];                                   /* what all the others come from */
    uint8_t disk_guid[16], bios_guid[16], esp_guid[16]; /* as on disk: first three fields little endian */
    uint32_t disk_signature, volume_id, image_id;       /* never 0 */
};

/* From the kernel's bytes and `recipe`, a text of everything else that makes this image different from others. */
enum exit_code ids_derive(const struct host_file *kernel, const char *recipe, size_t recipe_size, struct ids *ids);

/* For a partition that has no name of its own above; `number`: its slot. */
void ids_partition(const struct ids *ids, uint32_t number, uint8_t guid[16]);

#endif
