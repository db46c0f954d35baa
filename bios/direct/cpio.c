#include "cpio.h"

#include "memory.h"

/* A header is a magic number and 13 numbers of 8 hexadecimal digits; name and data follow, each filled up to a multiple
 * of four. "070702" has a checksum too, which nobody needs to look at. */
#define MAGIC_SIZE 6u
#define HEADER_SIZE 110u
#define FIELD_MODE 1u
#define FIELD_FILE_SIZE 6u
#define FIELD_NAME_SIZE 11u
#define ALIGNMENT 4u
#define MODE_KIND 0170000u
#define MODE_REGULAR 0100000u

static const char trailer[] = "TRAILER!!!";

bool cpio_looks_like(struct span bytes)
{
    return bytes.size >= HEADER_SIZE &&
           (memcmp(bytes.data, "070701", MAGIC_SIZE) == 0 || memcmp(bytes.data, "070702", MAGIC_SIZE) == 0);
}

static bool read_field(const uint8_t *header, unsigned field, uint32_t *value)
{
    const uint8_t *digit = header + MAGIC_SIZE + 8 * field;
    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = digit[i], lower = byte | 0x20;
        if (byte >= '0' && byte <= '9')
            *value = *value << 4 | (byte - '0');
        else if (lower >= 'a' && lower <= 'f')
            *value = *value << 4 | (lower - 'a' + 10u);
        else
            return false;
    }
    return true;
}

/* The next `size` bytes; *at moves behind them and what fills them up, which the archive's end may lack. */
static bool take(struct span archive, uint64_t *at, uint64_t size, struct span *part)
{
    if (!span_part(archive, *at, size, part))
        return false;
    uint64_t end = align_down(*at + size + ALIGNMENT - 1, ALIGNMENT);
    *at = end < archive.size ? end : archive.size;
    return true;
}

enum status cpio_next(struct span archive, uint64_t *at, struct cpio_member *member, bool *more, struct error *error)
{
    uint64_t start = *at, place = start;
    uint32_t mode, file_size, name_size;
    struct span rest = {0}, name;
    span_part(archive, start, archive.size - start, &rest);
    if (!cpio_looks_like(rest) || !read_field(rest.data, FIELD_MODE, &mode) ||
        !read_field(rest.data, FIELD_FILE_SIZE, &file_size) || !read_field(rest.data, FIELD_NAME_SIZE, &name_size))
        return error_set(error, STATUS_ARCHIVE_BAD, "cpio archive: no newc header at byte %llu of %llu",
                         (unsigned long long)start, (unsigned long long)archive.size);
    if (name_size == 0 || !take(archive, &place, HEADER_SIZE + (uint64_t)name_size, &name) ||
        name.data[name.size - 1] != '\0' || !take(archive, &place, file_size, &member->data))
        return error_set(error, STATUS_ARCHIVE_BAD,
                         "cpio archive: the member at byte %llu (name of %u bytes, file of %u) has no end within %llu",
                         (unsigned long long)start, name_size, file_size, (unsigned long long)archive.size);
    member->name = (struct span){name.data + HEADER_SIZE, name_size - 1};
    member->regular = (mode & MODE_KIND) == MODE_REGULAR;
    *at = place;
    *more = name_size != sizeof trailer || memcmp(member->name.data, trailer, sizeof trailer) != 0;
    return STATUS_OK;
}
