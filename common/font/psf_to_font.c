/* Build tool: psf_to_font OUTPUT.c NAME FILE.psf [NAME FILE.psf ...] writes the part of each font that the console
 * needs as C, for font.h. */
#include "font.h"
#include "psf.h"

#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (1u << 20)
#define WIDTH_MAX 64u
#define HEIGHT_MAX 64u
#define UNICODE_REPLACEMENT 0xfffdu

static int complain(const char *path, const char *problem)
{
    fprintf(stderr, "psf_to_font: %s: %s\n", path, problem);
    return 1;
}

static int read_file(const char *path, struct span *file)
{
    static uint8_t bytes[FILE_SIZE_MAX];
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return complain(path, "can't be opened");
    *file = (struct span){bytes, fread(bytes, 1, sizeof bytes, stream)};
    int failed = ferror(stream) || !feof(stream);
    fclose(stream);
    return failed ? complain(path, "can't be read, or is too big") : 0;
}

/* All glyphs of the console, one after another. NULL if they are there, else what is wrong. */
static const char *collect_glyphs(const struct psf *psf, uint8_t *glyphs)
{
    struct span bitmap;
    for (uint32_t character = FONT_FIRST; character <= FONT_LAST; character++) {
        if (!psf_find(psf, character, &bitmap))
            return "an ASCII character is missing";
        memcpy(glyphs, bitmap.data, (size_t)bitmap.size);
        glyphs += bitmap.size;
    }
    if (!psf_find(psf, UNICODE_REPLACEMENT, &bitmap) && !psf_find(psf, '?', &bitmap))
        return "there is no glyph for unknown characters";
    memcpy(glyphs, bitmap.data, (size_t)bitmap.size);
    return NULL;
}

static int write_font(FILE *output, const char *name, const char *path)
{
    static char packed[FONT_SIZE(WIDTH_MAX, HEIGHT_MAX) * 2];
    static uint8_t glyphs[FONT_SIZE(WIDTH_MAX, HEIGHT_MAX)];
    struct span file;
    struct psf psf;
    if (read_file(path, &file) != 0)
        return 1;
    const char *problem = psf_open(file, &psf);
    if (problem != NULL)
        return complain(path, problem);
    if (psf.width % 8 != 0 || psf.width > WIDTH_MAX || psf.height > HEIGHT_MAX)
        return complain(path,
                        "the console draws whole bytes: the width must be a multiple of 8, and neither side over 64");
    problem = collect_glyphs(&psf, glyphs);
    if (problem != NULL)
        return complain(path, problem);
    int size = LZ4_compress_HC((const char *)glyphs, packed, (int)FONT_SIZE(psf.width, psf.height), sizeof packed,
                               LZ4HC_CLEVEL_MAX);
    if (size <= 0)
        return complain(path, "can't be packed");
    fprintf(output, "static const uint8_t %s_glyphs[] = {", name);
    for (int i = 0; i < size; i++)
        fprintf(output, "%s%u,", i % 32 == 0 ? "\n    " : "", (uint8_t)packed[i]);
    fprintf(output, "\n};\nconst struct font_packed %s = {%u, %u, %d, %s_glyphs};\n", name, psf.width, psf.height, size,
            name);
    return 0;
}

int main(int count, char **arguments)
{
    if (count < 4 || count % 2 != 0)
        return complain("usage", "psf_to_font OUTPUT.c NAME FILE.psf [NAME FILE.psf ...]");
    FILE *output = fopen(arguments[1], "w");
    if (output == NULL)
        return complain(arguments[1], "can't be created");
    fputs("/* Made by psf_to_font; see common/font. */\n#include \"font/font.h\"\n", output);
    int result = 0;
    for (int i = 2; i < count && result == 0; i += 2)
        result = write_font(output, arguments[i], arguments[i + 1]);
    if (fclose(output) != 0)
        result = complain(arguments[1], "can't be written");
    if (result != 0)
        remove(arguments[1]); /* half a file must not look like a finished one to the next build */
    return result;
}
