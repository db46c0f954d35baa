/* Reads PC Screen Fonts, versions 1 and 2 (the format of the Linux console, kbd's doc/font-formats). A file is not
 * believed: every size is checked against it before use. */
#ifndef STAGECOACH_PSF_H
#define STAGECOACH_PSF_H

#include "span.h"

struct psf {
    uint32_t width, height; /* pixels */
    uint32_t count;         /* of glyphs */
    uint32_t glyph_size;    /* bytes: height rows of whole bytes */
    struct span glyphs;
    bool has_table;
    bool table_utf8; /* version 2: UTF-8 strings; version 1: 16-bit units */
    struct span table;
};

/* NULL, or a sentence that says what is wrong with the file; then *psf is not written. */
const char *psf_open(struct span file, struct psf *psf);

/* The bitmap for a character: by the font's Unicode table, or where there is none, by position. */
bool psf_find(const struct psf *psf, uint32_t character, struct span *bitmap);

#endif
