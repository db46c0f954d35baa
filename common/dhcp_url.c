#include "dhcp.h"

#include "memory.h"
#include "text.h"

#define SEPARATOR "://"

static bool is_scheme_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.';
}

/* Bytes of the scheme (RFC 3986, 3.1); 0: the text is a path. */
static size_t scheme_length(const char *text)
{
    size_t length = 0;
    while (is_scheme_character(text[length]))
        length++;
    for (size_t i = 0; i < sizeof SEPARATOR - 1; i++)
        if (text[length + i] != SEPARATOR[i])
            return 0;
    return length;
}

static bool is_tftp(const char *scheme, size_t length)
{
    static const char tftp[] = "tftp";
    uint8_t differ = length != sizeof tftp - 1;
    for (size_t i = 0; i < sizeof tftp - 1 && i < length; i++)
        differ |= (uint8_t)((scheme[i] | 0x20) ^ tftp[i]);
    return differ == 0;
}

/* Bytes up to the first of two characters, or to the end. */
static size_t length_to(const char *text, char one, char other)
{
    size_t length = 0;
    while (text[length] != '\0' && text[length] != one && text[length] != other)
        length++;
    return length;
}

/* "10.0.2.2"; false, and nothing is written, for a name. */
static bool read_address(const char *text, size_t size, uint8_t address[4])
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        uint64_t number;
        size_t length = 0;
        while (length < size && text[length] != '.')
            length++;
        if (!text_number(text, length, UINT8_MAX, &number) || (length == size) != (i == sizeof bytes - 1))
            return false;
        bytes[i] = (uint8_t)number;
        length += length < size;
        text += length;
        size -= length;
    }
    memcpy(address, bytes, sizeof bytes);
    return true;
}

/* Copies the path to the start of the text it ends, with its %41 read as bytes. */
static void keep_path(char *text, const char *path)
{
    while (*path != '\0') {
        uint8_t high = *path == '%' ? text_hex_digit(path[1]) : 16, low = high < 16 ? text_hex_digit(path[2]) : 16;
        bool escaped = low < 16 && (high | low) != 0;
        *text++ = (char)(escaped ? high << 4 | low : *path);
        path += escaped ? 3 : 1;
    }
    *text = '\0';
}

/* What follows "tftp://"; false if it has no path, or no port where one is announced. */
static bool take_server(const char *text, struct dhcp_lease *lease)
{
    size_t authority = length_to(text, '/', '/'), host = length_to(text, '/', ':');
    uint64_t port = 0;
    if (host == 0 || text[authority] == '\0' || text[authority + 1] == '\0')
        return false;
    if (host < authority && (!text_number(text + host + 1, authority - host - 1, UINT16_MAX, &port) || port == 0))
        return false;
    read_address(text, host, lease->server); /* a name: there is nobody to ask, and "next server" stays */
    lease->port = (uint16_t)port;
    keep_path(lease->boot_file, text + authority + 1);
    return true;
}

enum status dhcp_take_url(struct dhcp_lease *lease, struct error *error)
{
    size_t scheme = scheme_length(lease->boot_file);
    if (scheme == 0)
        return STATUS_OK;
    if (!is_tftp(lease->boot_file, scheme))
        return error_set(error, STATUS_NO_BOOT_VOLUME,
                         "files come by TFTP alone, not by '%s': set tftp://server/path, or a path, in the DHCP server",
                         lease->boot_file);
    if (!take_server(lease->boot_file + scheme + sizeof SEPARATOR - 1, lease))
        return error_set(error, STATUS_NO_BOOT_VOLUME, "the boot file is no tftp://server[:port]/path: '%s'",
                         lease->boot_file);
    return STATUS_OK;
}
