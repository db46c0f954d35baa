#include "dhcp.h"

#include "format.h"
#include "memory.h"

#define REPLY 2
#define CLIENT_OFFSET 16 /* "your" address */
#define SERVER_OFFSET 20 /* "next server" */
#define SERVER_NAME_OFFSET 44
#define SERVER_NAME_SIZE 64
#define FILE_OFFSET 108
#define FILE_SIZE 128
#define COOKIE_OFFSET 236
#define OPTIONS_OFFSET 240
#define COOKIE 0x63538263u /* 99, 130, 83, 99 */

enum option {
    PAD = 0,
    NETMASK = 1,
    ROUTER = 3,
    OVERLOAD = 52,
    SERVER_IDENTIFIER = 54,
    BOOT_FILE = 67,
    END = 255,
};
#define OVERLOAD_FILE 1u
#define OVERLOAD_NAME 2u

/* The next option of a field; false at its end, or where it is damaged. */
static bool next_option(struct span *field, uint8_t *code, struct span *value)
{
    uint64_t at = 0;
    uint8_t size;
    while (span_u8(*field, at, code) && *code == PAD)
        at++;
    if (!span_u8(*field, at, code) || *code == END || !span_u8(*field, at + 1, &size) ||
        !span_part(*field, at + 2, size, value))
        return false;
    at += 2u + size;
    field->data += at;
    field->size -= at;
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any == 0;
}

static void take_address(struct span value, uint8_t address[4])
{
    if (value.size >= 4 && !is_zero(value.data, 4))
        memcpy(address, value.data, 4);
}

/* Text up to its NUL, or to the end of its field; none leaves `text` as it is. */
static bool take_text(struct span value, char text[DHCP_TEXT_MAX + 1])
{
    size_t length = 0;
    while (length < value.size && length < DHCP_TEXT_MAX && value.data[length] != 0)
        length++;
    if (length == 0)
        return false;
    memcpy(text, value.data, length);
    text[length] = '\0';
    return true;
}

struct answer { /* while it is read */
    struct dhcp_lease *lease;
    uint8_t overload, identifier[4];
    bool has_boot_file; /* as an option */
};

static void take_options(struct span field, struct answer *answer)
{
    uint8_t code;
    struct span value;
    while (next_option(&field, &code, &value)) {
        if (code == NETMASK)
            take_address(value, answer->lease->netmask);
        else if (code == ROUTER)
            take_address(value, answer->lease->router);
        else if (code == SERVER_IDENTIFIER)
            take_address(value, answer->identifier);
        else if (code == OVERLOAD && value.size == 1)
            answer->overload = value.data[0];
        else if (code == BOOT_FILE && take_text(value, answer->lease->boot_file))
            answer->has_boot_file = true;
    }
}

/* The fields "file" and "sname" hold options where there was no other room for them (RFC 2132, 9.3). */
static void take_fields(struct span packet, struct answer *answer)
{
    struct span file = {packet.data + FILE_OFFSET, FILE_SIZE};
    struct span name = {packet.data + SERVER_NAME_OFFSET, SERVER_NAME_SIZE};
    uint8_t overload = answer->overload;
    if (overload & OVERLOAD_FILE)
        take_options(file, answer);
    if (overload & OVERLOAD_NAME)
        take_options(name, answer);
    if (!(overload & OVERLOAD_FILE) && !answer->has_boot_file)
        take_text(file, answer->lease->boot_file);
}

bool dhcp_parse(struct span packet, struct dhcp_lease *lease)
{
    struct answer answer = {.lease = lease};
    struct span options;
    uint32_t cookie;
    if (packet.size < COOKIE_OFFSET || packet.data[0] != REPLY)
        return false;
    if (span_u32(packet, COOKIE_OFFSET, &cookie) && cookie == COOKIE &&
        span_part(packet, OPTIONS_OFFSET, packet.size - OPTIONS_OFFSET, &options))
        take_options(options, &answer);
    take_fields(packet, &answer);
    take_address((struct span){packet.data + CLIENT_OFFSET, 4}, lease->client);
    take_address((struct span){answer.identifier, 4}, lease->server);
    take_address((struct span){packet.data + SERVER_OFFSET, 4}, lease->server); /* says more, where it is there */
    return true;
}

enum status dhcp_no_server(struct error *error)
{
    return error_set(error, STATUS_NO_BOOT_VOLUME,
                     "the DHCP answer names no boot server or no boot file: set both in the DHCP server");
}

enum status dhcp_finish(struct dhcp_lease *lease, struct error *error)
{
    enum status status = dhcp_take_url(lease, error);
    bool known = !is_zero(lease->server, sizeof lease->server) && lease->boot_file[0] != '\0';
    return status != STATUS_OK || known ? status : dhcp_no_server(error);
}

void dhcp_address_text(const uint8_t address[4], char text[DHCP_ADDRESS_TEXT])
{
    format(text, DHCP_ADDRESS_TEXT, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
}
