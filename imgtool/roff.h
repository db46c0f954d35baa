/* Pages of man from the Markdown of docs/: the part of it that docs/ uses. Paragraphs, lists, tables, indented code,
 * sub-headings; in lines `code`, **strong** and [links](where). */
#ifndef STAGECOACH_IMGTOOL_ROFF_H
#define STAGECOACH_IMGTOOL_ROFF_H

#include <stddef.h>
#include <stdio.h>

/* Text as it is, letter by letter. */
void roff_plain(FILE *to, const char *text, size_t size);

/* Text with Markdown's marks in it. */
void roff_marked(FILE *to, const char *text, size_t size);

/* Whole lines of Markdown. */
void roff_blocks(FILE *to, const char *text, size_t size);

#endif
