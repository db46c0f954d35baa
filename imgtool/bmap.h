/* A block map (bmap 2.0): which blocks of an image a copy of it needs, with their checksums, for bmaptool. */
#ifndef STAGECOACH_IMGTOOL_BMAP_H
#define STAGECOACH_IMGTOOL_BMAP_H

#include "host_file.h"

#define BMAP_BLOCK_SIZE 4096u

struct bmap {
    uint64_t image_size, block_count, mapped_count;
    char *text; /* the file */
    size_t text_size;
};

/* Left out are only blocks of zeroes in free clusters of the boot volume. Other zeroes, such as those in its tables,
 * have a meaning, and must replace what the target had there. */
enum exit_code bmap_make(const struct host_file *image, struct bmap *bmap);
void bmap_free(struct bmap *bmap);

#endif
