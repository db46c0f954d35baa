#include "pxe_structures.h"

#include "memory.h"
#include "text.h"

#define NEW_LENGTH_OFFSET 4
#define NEW_ENTRY_OFFSET 16
#define NEW_LENGTH_MIN 0x58 /* PXE 2.1, table 3-1 */

#define OLD_VERSION_OFFSET 6
#define OLD_LENGTH_OFFSET 8
#define OLD_ENTRY_OFFSET 10
#define OLD_NEWER_OFFSET 40
#define OLD_LENGTH_MIN 0x26 /* of the versions before 2.0 */
#define OLD_VERSION_WITH_NEWER 0x0201

/* The structure alone, if it is one: its signature, a length of at least `least` that fits, bytes that sum to zero. */
static bool structure_ok(struct span *bytes, const char *signature, uint64_t length_offset, uint8_t least)
{
    uint8_t length, sum = 0;
    size_t name = text_length(signature);
    if (bytes->size < name || memcmp(bytes->data, signature, name) != 0 || !span_u8(*bytes, length_offset, &length) ||
        length < least || length > bytes->size)
        return false;
    bytes->size = length;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes->data[i]);
    return sum == 0;
}

bool pxe_parse_new(struct span bytes, uint32_t *entry)
{
    return structure_ok(&bytes, "!PXE", NEW_LENGTH_OFFSET, NEW_LENGTH_MIN) &&
           span_u32(bytes, NEW_ENTRY_OFFSET, entry) && *entry != 0;
}

bool pxe_parse_old(struct span bytes, uint32_t *entry, uint32_t *newer)
{
    uint16_t version;
    if (!structure_ok(&bytes, "PXENV+", OLD_LENGTH_OFFSET, OLD_LENGTH_MIN) ||
        !span_u16(bytes, OLD_VERSION_OFFSET, &version) || !span_u32(bytes, OLD_ENTRY_OFFSET, entry))
        return false;
    if (version < OLD_VERSION_WITH_NEWER || !span_u32(bytes, OLD_NEWER_OFFSET, newer))
        *newer = 0;
    return *entry != 0;
}
