/* Structures on disks as lists of fields, compared one by one. */
#ifndef STAGECOACH_IMGTOOL_DIFF_FIELDS_H
#define STAGECOACH_IMGTOOL_DIFF_FIELDS_H

#include "comparison.h"

enum diff_kind {
    DIFF_NUMBER, /* little-endian, of up to 8 bytes */
    DIFF_HEX,
    DIFF_GUID,
    DIFF_TEXT,  /* one byte a character, filled up with blanks or zeroes */
    DIFF_WIDE,  /* UTF-16 */
    DIFF_BYTES, /* in hexadecimal, as they lie there */
};

struct diff_field {
    const char *name;
    uint16_t offset, size;
    enum diff_kind kind;
};

/* Tells each field in which `first` and `second`, of `size` bytes, differ; then if bytes do that no field has. */
void diff_fields(struct comparison *comparison, const char *what, const struct diff_field *fields, size_t count,
                 const uint8_t *first, const uint8_t *second, size_t size);

#endif
