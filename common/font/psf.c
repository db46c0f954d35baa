#include "psf.h"

#define PSF1_MAGIC 0x0436u
#define PSF1_HEADER_SIZE 4u
#define PSF1_MODE_512 1u
#define PSF1_MODE_TABLE 2u
#define PSF1_SEQUENCE 0xfffeu
#define PSF1_END 0xffffu

#define PSF2_MAGIC 0x864ab572u
#define PSF2_HEADER_SIZE 32u
#define PSF2_FLAG_TABLE 1u
#define PSF2_SEQUENCE 0xfeu
#define PSF2_END 0xffu

static const char *split(struct span file, uint64_t header_size, struct psf *psf)
{
    uint64_t size = (uint64_t)psf->count * psf->glyph_size; /* two 32-bit numbers: can't overflow */
    if (!span_part(file, header_size, size, &psf->glyphs))
        return "the file ends before its last glyph";
    uint64_t end = header_size + size;
    span_part(file, end, file.size - end, &psf->table);
    return NULL;
}

static const char *open_version_1(struct span file, struct psf *psf)
{
    uint8_t mode, size;
    if (!span_u8(file, 2, &mode) || !span_u8(file, 3, &size))
        return "the file ends inside its header";
    if (size == 0)
        return "the glyphs have no size";
    psf->width = 8;
    psf->height = size;
    psf->glyph_size = size;
    psf->count = mode & PSF1_MODE_512 ? 512 : 256;
    psf->has_table = mode & PSF1_MODE_TABLE;
    psf->table_utf8 = false;
    return split(file, PSF1_HEADER_SIZE, psf);
}

static const char *open_version_2(struct span file, struct psf *psf)
{
    uint32_t version, header_size, flags;
    if (!span_u32(file, 4, &version) || !span_u32(file, 8, &header_size) || !span_u32(file, 12, &flags) ||
        !span_u32(file, 16, &psf->count) || !span_u32(file, 20, &psf->glyph_size) ||
        !span_u32(file, 24, &psf->height) || !span_u32(file, 28, &psf->width))
        return "the file ends inside its header";
    if (version != 0)
        return "the version is unknown";
    if (header_size < PSF2_HEADER_SIZE)
        return "the header is too short";
    if (psf->width == 0 || psf->height == 0)
        return "the glyphs have no size";
    if (psf->glyph_size != ((uint64_t)psf->width + 7) / 8 * psf->height)
        return "the glyphs' size in bytes is not that of their pixels";
    psf->has_table = flags & PSF2_FLAG_TABLE;
    psf->table_utf8 = true;
    return split(file, header_size, psf);
}

const char *psf_open(struct span file, struct psf *psf)
{
    struct psf result;
    uint16_t magic_1;
    uint32_t magic_2;
    const char *problem = "this is not a PC Screen Font";
    if (span_u16(file, 0, &magic_1) && magic_1 == PSF1_MAGIC)
        problem = open_version_1(file, &result);
    else if (span_u32(file, 0, &magic_2) && magic_2 == PSF2_MAGIC)
        problem = open_version_2(file, &result);
    if (problem == NULL)
        *psf = result;
    return problem;
}

/* One step through the table: a character, or one of the marks. */
enum token_kind { TOKEN_CHARACTER, TOKEN_SEQUENCE, TOKEN_END };

static bool next_unit(struct span table, uint64_t *at, enum token_kind *kind, uint32_t *character)
{
    uint16_t unit;
    if (!span_u16(table, *at, &unit))
        return false;
    *at += sizeof unit;
    *kind = unit == PSF1_END ? TOKEN_END : unit == PSF1_SEQUENCE ? TOKEN_SEQUENCE : TOKEN_CHARACTER;
    *character = unit;
    return true;
}

/* Malformed UTF-8 yields some character or other, never a read outside the table. */
static bool next_utf8(struct span table, uint64_t *at, enum token_kind *kind, uint32_t *character)
{
    uint8_t byte;
    if (!span_u8(table, *at, &byte))
        return false;
    (*at)++;
    *kind = byte == PSF2_END ? TOKEN_END : byte == PSF2_SEQUENCE ? TOKEN_SEQUENCE : TOKEN_CHARACTER;
    uint32_t value = byte < 0xc0 ? byte : byte < 0xe0 ? byte & 0x1fu : byte < 0xf0 ? byte & 0x0fu : byte & 0x07u;
    while (*kind == TOKEN_CHARACTER && byte >= 0xc0 && span_u8(table, *at, &byte) && (byte & 0xc0) == 0x80) {
        value = value << 6 | (byte & 0x3fu);
        byte = 0xff; /* more may follow */
        (*at)++;
    }
    *character = value;
    return true;
}

static bool next_token(const struct psf *psf, uint64_t *at, enum token_kind *kind, uint32_t *character)
{
    return psf->table_utf8 ? next_utf8(psf->table, at, kind, character) : next_unit(psf->table, at, kind, character);
}

/* Each glyph's entry: single characters, then sequences (of no use here), then an end mark. */
static bool find_in_table(const struct psf *psf, uint32_t wanted, uint32_t *index)
{
    uint64_t at = 0;
    for (uint32_t glyph = 0; glyph < psf->count; glyph++) {
        bool single = true;
        enum token_kind kind = TOKEN_CHARACTER;
        while (kind != TOKEN_END) {
            uint32_t character;
            if (!next_token(psf, &at, &kind, &character))
                return false;
            if (kind == TOKEN_SEQUENCE)
                single = false;
            if (kind == TOKEN_CHARACTER && single && character == wanted) {
                *index = glyph;
                return true;
            }
        }
    }
    return false;
}

bool psf_find(const struct psf *psf, uint32_t character, struct span *bitmap)
{
    uint32_t index = character;
    if (psf->has_table && !find_in_table(psf, character, &index))
        return false;
    return index < psf->count && span_part(psf->glyphs, (uint64_t)index * psf->glyph_size, psf->glyph_size, bitmap);
}
