/* Two images side by side, and what diff finds different of them: printed at once, or collected as JSON. */
#ifndef STAGECOACH_IMGTOOL_COMPARISON_H
#define STAGECOACH_IMGTOOL_COMPARISON_H

#include "inspection.h"
#include "json.h"

struct comparison {
    struct inspection images[2];
    size_t count;              /* of the differences */
    struct json_object *array; /* they go there; NULL: text */
};

struct block *comparison_block(struct comparison *comparison, unsigned image);

/* One difference: what differs, and how. */
__attribute__((format(printf, 3, 4))) void comparison_differ(struct comparison *comparison, const char *what,
                                                             const char *format, ...);

/* The same of one field of a structure, with both values. */
void comparison_field(struct comparison *comparison, const char *what, const char *field, const char *first,
                      const char *second);

/* The first byte at which two stretches differ; `size` if none does, or if they can't be read. */
uint64_t comparison_first(struct comparison *comparison, uint64_t offset, uint64_t other_offset, uint64_t size);

/* Tells that the bytes differ, and from where on. */
void comparison_range(struct comparison *comparison, const char *what, uint64_t offset, uint64_t other_offset,
                      uint64_t size);

/* Stage 1's data in two boot sectors. */
void comparison_stage1_data(struct comparison *comparison, const char *what, const struct boot_code *first,
                            const struct boot_code *second);

/* The structures on the disk and on its boot volume, field by field; what has no fields, as bytes. */
void comparison_boot_sector(struct comparison *comparison);
void comparison_gpt(struct comparison *comparison);
void comparison_volume(struct comparison *comparison);
void comparison_cd(struct comparison *comparison);

#endif
