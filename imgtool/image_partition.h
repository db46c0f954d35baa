/* A further partition of an image: the bytes of a file, as they are. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_PARTITION_H
#define STAGECOACH_IMGTOOL_IMAGE_PARTITION_H

#include "host_file.h"
#include "partition_type.h"

#define IMAGE_PARTITION_NAME_UNITS 36u /* what a GPT has room for */

struct image_partition {
    char *word; /* FILE:TYPE:NAME, owned, cut into its parts */
    const char *source, *type_word, *name_text;
    struct partition_type type;
    uint16_t name[IMAGE_PARTITION_NAME_UNITS]; /* UTF-16; filled up with 0 */
    struct host_file file;
};

/* Takes FILE:TYPE or FILE:TYPE:NAME apart; opens nothing yet. To be freed in any case. */
enum exit_code image_partition_take(const char *word, enum layout_table table, struct image_partition *partition);
enum exit_code image_partition_open(struct image_partition *partition);
void image_partition_free(struct image_partition *partition);

#endif
