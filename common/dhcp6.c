#include "dhcp.h"

#include "format.h"
#include "memory.h"
#include "text.h"

#define OPTIONS_OFFSET 4 /* of an answer that no relay has wrapped: RFC 8415, 8 */
#define BOOT_FILE_URL 59
#define SCHEME "tftp://["
#define GROUPS 8u

static bool find_option(struct span packet, uint16_t wanted, struct span *value)
{
    struct span head;
    for (uint64_t at = OPTIONS_OFFSET; span_part(packet, at, 4, &head); at += 4u + span_network16(head.data + 2))
        if (span_network16(head.data) == wanted)
            return span_part(packet, at + 4, span_network16(head.data + 2), value);
    return false;
}

/* One group of up to four digits off the start; false: there is none, or it is too long. */
static bool take_group(struct span *text, uint8_t to[2])
{
    uint32_t value = 0, count = 0;
    uint8_t digit;
    while (text->size > 0 && (digit = text_hex_digit((char)text->data[0])) < 16) {
        value = value << 4 | digit;
        text->data++;
        text->size--;
        if (++count > 4)
            return false;
    }
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return count > 0;
}

static bool take_sign(struct span *text, const char *sign, size_t size)
{
    if (text->size < size || memcmp(text->data, sign, size) != 0)
        return false;
    text->data += size;
    text->size -= size;
    return true;
}

bool dhcp6_address(struct span text, uint8_t address[16])
{
    uint8_t groups[2 * GROUPS];
    uint32_t count = 0, gap = GROUPS + 1; /* the gap "::" lies before this group */
    if (take_sign(&text, "::", 2))
        gap = 0;
    while (text.size > 0) {
        if (count == GROUPS || !take_group(&text, groups + 2 * count))
            return false;
        count++;
        if (gap > GROUPS && take_sign(&text, "::", 2))
            gap = count;
        else if (text.size > 0 && (!take_sign(&text, ":", 1) || text.size == 0))
            return false;
    }
    if ((gap > GROUPS) != (count == GROUPS))
        return false;
    uint32_t before = gap > GROUPS ? count : gap;
    memset(address, 0, 16);
    memcpy(address, groups, 2 * (size_t)before);
    memcpy(address + 16 - 2 * (size_t)(count - before), groups + 2 * (size_t)before, 2 * (size_t)(count - before));
    return true;
}

static bool parse_url(struct span text, struct dhcp_url *url)
{
    if (!take_sign(&text, SCHEME, sizeof SCHEME - 1))
        return false;
    uint64_t length = 0;
    while (length < text.size && text.data[length] != ']')
        length++;
    if (!dhcp6_address((struct span){text.data, length}, url->server))
        return false;
    text.data += length;
    text.size -= length;
    if (!take_sign(&text, "]/", 2) || text.size > DHCP_TEXT_MAX)
        return false;
    for (length = 0; length < text.size && text.data[length] != ';' && text.data[length] != 0;) /* RFC 3617: ";mode=" */
        length++;
    memcpy(url->boot_file, text.data, length);
    url->boot_file[length] = '\0';
    return length > 0;
}

bool dhcp6_parse(struct span packet, struct dhcp_url *url)
{
    struct span text;
    return find_option(packet, BOOT_FILE_URL, &text) && parse_url(text, url);
}

void dhcp6_address_text(const uint8_t address[16], char text[DHCP_ADDRESS_TEXT])
{
    format(text, DHCP_ADDRESS_TEXT, "%x:%x:%x:%x:%x:%x:%x:%x", span_network16(address), span_network16(address + 2),
           span_network16(address + 4), span_network16(address + 6), span_network16(address + 8),
           span_network16(address + 10), span_network16(address + 12), span_network16(address + 14));
}
